using System.Net;
using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Dex.Testing;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>Every call to Azure, with faults between (spec: reliability.md 6).</summary>
public sealed class AzureConnectionTests(AzureService store) : IClassFixture<AzureService>, IAsyncLifetime
{
    private const string Name = "folder/a blob + ä";
    private static readonly byte[] s_content = RandomNumberGenerator.GetBytes(200_000);

    private readonly FaultProxy _proxy = store.NewProxy();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await store.Client.GetBlobClient(Name).UploadAsync(new BinaryData(s_content), overwrite: true, Stop);

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();

    [Fact]
    public async Task A_blob_put_is_the_blob_got()
    {
        using var connection = AzureRig.Connect(store, _proxy.Address);

        await PutAsync(connection, "new");

        Assert.Equal(s_content, await GetAsync(connection, "new"));
        Assert.Equal(2, _proxy.Seen.Count);
    }

    [Fact]
    public async Task An_account_in_the_path_of_any_host_and_port_is_found()
    {
        using var connection = AzureRig.Connect(store, new UriBuilder(_proxy.Address) { Host = "localhost" }.Uri);

        Assert.Equal(s_content, await GetAsync(connection, Name));
    }

    [Theory]
    [InlineData(FaultKind.ResetBeforeRequest)]
    [InlineData(FaultKind.ResetInRequest)]
    [InlineData(FaultKind.ResetAfterRequest)]
    [InlineData(FaultKind.Answer)]
    [InlineData(FaultKind.AnswerAfterRequest)]
    [InlineData(FaultKind.Hang)]
    public async Task A_put_that_failed_twice_is_tried_a_third_time(FaultKind fault)
    {
        using var connection = AzureRig.Connect(store, _proxy.Address);
        _proxy.Add(new FaultRule(fault) { Times = 2, AfterBytes = 1_000 });

        await PutAsync(connection, fault.ToString());
        _proxy.Heal();

        Assert.Equal(3, _proxy.Count("PUT"));
        Assert.Equal(s_content, await GetAsync(connection, fault.ToString()));
    }

    [Theory]
    [InlineData(FaultKind.TruncateAnswer)]
    [InlineData(FaultKind.ResetInAnswer)]
    [InlineData(FaultKind.Answer)]
    public async Task Half_an_answer_is_never_taken_for_a_whole_one(FaultKind fault)
    {
        using var connection = AzureRig.Connect(store, _proxy.Address);
        _proxy.Add(new FaultRule(fault) { Method = "GET", Times = 1, AfterBytes = 50_000 });

        Assert.Equal(s_content, await GetAsync(connection, Name));

        Assert.Equal(2, _proxy.Count("GET"));
    }

    [Theory]
    [InlineData(429, "TooManyRequests", StoreFailure.Throttled, 3)]
    [InlineData(503, "ServerBusy", StoreFailure.Throttled, 3)]
    [InlineData(500, "InternalError", StoreFailure.Unavailable, 3)]
    [InlineData(500, "OperationTimedOut", StoreFailure.Unavailable, 3)]
    [InlineData(400, "Md5Mismatch", StoreFailure.Unavailable, 3)]
    [InlineData(400, "InvalidHeaderValue", StoreFailure.Refused, 1)]
    [InlineData(400, "InvalidBlockList", StoreFailure.NoMultipartUpload, 1)]
    [InlineData(401, "InvalidAuthenticationInfo", StoreFailure.NotSignedIn, 1)]
    [InlineData(401, "NoAuthenticationInformation", StoreFailure.Denied, 1)]
    [InlineData(403, "AuthenticationFailed", StoreFailure.Denied, 1)]
    [InlineData(403, "AuthorizationPermissionMismatch", StoreFailure.Denied, 1)]
    [InlineData(404, "ContainerNotFound", StoreFailure.NoBucket, 1)]
    [InlineData(404, "BlobNotFound", StoreFailure.NotFound, 1)]
    [InlineData(409, "ContainerBeingDeleted", StoreFailure.NoBucket, 1)]
    [InlineData(409, "BlobAlreadyExists", StoreFailure.ConditionFailed, 1)]
    [InlineData(409, "BlobImmutableDueToPolicy", StoreFailure.Refused, 1)]
    [InlineData(412, "ConditionNotMet", StoreFailure.ConditionFailed, 1)]
    [InlineData(412, "LeaseIdMissing", StoreFailure.ConditionFailed, 1)]
    [InlineData(404, "CannotVerifyCopySource", StoreFailure.Refused, 1)]
    internal async Task An_answer_is_told_in_clear_words_and_tried_again_where_that_can_help(int status, string code, StoreFailure kind, int tries)
    {
        using var connection = AzureRig.Connect(store, _proxy.Address, options => options.RetryWindow = TimeSpan.FromMilliseconds(300));
        _proxy.Add(new FaultRule(FaultKind.Answer) { CannedAnswer = Answer(status, code) });

        var failure = await Assert.ThrowsAsync<StoreCallException>(() => PutAsync(connection, "x"));

        Assert.Equal(kind, failure.Failure);
        Assert.EndsWith($"({code})", failure.Message);
        Assert.DoesNotContain("hush", failure.ToString());
        Assert.Equal(tries > 1, _proxy.Count("PUT") > 1);
    }

    [Fact]
    public async Task A_call_that_must_not_be_repeated_is_sent_once()
    {
        using var connection = AzureRig.Connect(store, _proxy.Address);
        _proxy.Add(new FaultRule(FaultKind.ResetAfterRequest));

        var failure = await Assert.ThrowsAsync<StoreCallException>(() => connection.Container(store.Container).OnceAsync(Put("once"), Stop));

        Assert.True(failure.MayHaveHappened);
        Assert.Equal(1, _proxy.Count("PUT"));
    }

    [Fact]
    public async Task A_store_without_a_listener_is_unavailable_and_its_address_is_not_told()
    {
        await _proxy.DisposeAsync();
        using var connection = AzureRig.Connect(store, _proxy.Address, options => options.RetryWindow = TimeSpan.Zero);

        var failure = await Assert.ThrowsAsync<StoreCallException>(() => PutAsync(connection, "gone"));

        Assert.Equal(StoreFailure.Unavailable, failure.Failure);
        Assert.DoesNotContain("127.0.0.1", failure.Message);
    }

    [Fact]
    public async Task A_store_that_asks_for_more_time_than_there_is_fails_at_once_and_says_so()
    {
        using var connection = AzureRig.Connect(store, _proxy.Address);
        _proxy.Add(new FaultRule(FaultKind.Answer) { CannedAnswer = Answer(503, "ServerBusy", "Retry-After: 100") });

        var failure = await Assert.ThrowsAsync<StoreCallException>(() => PutAsync(connection, "busy"));
        var postponed = Assert.IsType<DeliveryPostponedException>(failure.ForDestination("target"));

        Assert.Equal(StoreFailure.Throttled, failure.Failure);
        Assert.Equal(TimeSpan.FromSeconds(100), postponed.RetryAfter);
        Assert.Equal(1, _proxy.Count("PUT"));
    }

    [Fact]
    public async Task A_slow_line_is_never_cut_while_bytes_move()
    {
        using var connection = AzureRig.Connect(store, _proxy.Address, options => options.ProgressTimeout = TimeSpan.FromMilliseconds(700));
        _proxy.Add(new FaultRule { BytesPerSecond = 100_000 });

        Assert.Equal(s_content, await GetAsync(connection, Name)); // takes two seconds

        Assert.Equal(1, _proxy.Count("GET"));
    }

    [Fact]
    public async Task A_caller_who_leaves_is_obeyed_at_once()
    {
        using var connection = AzureRig.Connect(store, _proxy.Address, options => options.ProgressTimeout = TimeSpan.FromSeconds(30));
        _proxy.Add(new FaultRule(FaultKind.Hang));
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var call = connection.Container(store.Container).RepeatAsync(Put("left"), leaving.Token);
        await Eventually.TrueAsync(() => _proxy.Count("PUT") == 1);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task What_is_missing_is_told_apart()
    {
        using var connection = AzureRig.Connect(store);

        Assert.Equal(StoreFailure.NotFound, await FailAsync(connection, store.Container, "nothing"));
        Assert.Equal(StoreFailure.NoBucket, await FailAsync(connection, "no-such-container", "nothing"));
    }

    [Fact]
    public async Task A_wrong_key_is_denied_without_a_second_try()
    {
        using var connection = AzureRig.Connect(store, _proxy.Address, signIn: new AzureSignIn.SharedKey(store.Account, new Secret("d3Jvbmc=")));

        var failure = await Assert.ThrowsAsync<StoreCallException>(() => GetAsync(connection, Name));

        Assert.Equal(StoreFailure.Denied, failure.Failure);
        Assert.IsType<DeliveryRefusedException>(failure.ForDestination("target"));
        Assert.Equal(1, _proxy.Count("GET"));
    }

    [Fact]
    public async Task A_sas_opens_the_store_until_it_expires_and_then_says_so()
    {
        using var valid = AzureRig.Connect(store, signIn: new AzureSignIn.Sas(new Secret(store.NewSas(DateTimeOffset.UtcNow.AddHours(1)))));
        using var expired = AzureRig.Connect(store, signIn: new AzureSignIn.Sas(new Secret(store.NewSas(DateTimeOffset.UtcNow.AddMinutes(-1)))));

        Assert.Equal(s_content, await GetAsync(valid, Name));
        var failure = await Assert.ThrowsAsync<StoreCallException>(() => GetAsync(expired, Name));

        Assert.Equal(StoreFailure.NotSignedIn, failure.Failure);
        Assert.StartsWith("the SAS has expired", failure.Message);
        Assert.DoesNotContain("sig=", failure.ToString());
    }

    [Fact]
    public async Task Others_may_read_a_blob_by_an_address_that_was_made_for_them()
    {
        using var byKey = AzureRig.Connect(store);
        using var bySas = AzureRig.Connect(store, signIn: new AzureSignIn.Sas(new Secret(store.NewSas(DateTimeOffset.UtcNow.AddHours(1)))));
        using var plain = new HttpClient();

        foreach (var connection in new[] { byKey, bySas })
        {
            var address = await connection.Sas.ReadAddressAsync(store.Container, Name, TimeSpan.FromMinutes(5), Stop);

            Assert.Equal(s_content, await plain.GetByteArrayAsync(address, Stop));
        }
    }

    [Fact]
    public async Task A_container_is_made_if_it_is_missing_and_looking_makes_none()
    {
        using var connection = AzureRig.Connect(store);
        var container = connection.Container($"{store.Container}-made");

        var before = await container.FindProblemAsync(Stop);
        var stillMissing = await container.FindProblemAsync(Stop);
        await container.EnsureAsync(Stop);
        await container.EnsureAsync(Stop);

        Assert.Equal($"container {container.Name}: no such container (ContainerNotFound)", before);
        Assert.Equal(before, stillMissing);
        Assert.Null(await container.FindProblemAsync(Stop));
    }

    // The details repeat what was sent: with a SAS, its signature.
    private static CannedAnswer Answer(int status, string code, params string[] headers) =>
        new((HttpStatusCode)status, $"<Error><Code>{code}</Code><Message>by order of the test</Message><AuthenticationErrorDetail>hush</AuthenticationErrorDetail></Error>")
        {
            Headers = [$"x-ms-error-code: {code}", .. headers],
        };

    private static Func<BlobContainerClient, CancellationToken, Task<Response<BlobContentInfo>>> Put(string name) => (client, token) =>
        client.GetBlobClient(name).UploadAsync(new MemoryStream(s_content), new BlobUploadOptions(), token);

    private Task<Response<BlobContentInfo>> PutAsync(AzureConnection connection, string name) => connection.Container(store.Container).RepeatAsync(Put(name), Stop);

    private Task<byte[]> GetAsync(AzureConnection connection, string name) => GetAsync(connection.Container(store.Container), name);

    private static Task<byte[]> GetAsync(AzureContainer container, string name) => container.RepeatAsync(
        async (client, token) =>
        {
            using BlobDownloadStreamingResult answer = await client.GetBlobClient(name).DownloadStreamingAsync(new BlobDownloadOptions(), token);
            var content = new byte[answer.Details.ContentLength];
            await answer.Content.ReadExactlyAsync(content, token);
            return content;
        },
        Stop);

    private static async Task<StoreFailure> FailAsync(AzureConnection connection, string container, string name) =>
        (await Assert.ThrowsAsync<StoreCallException>(() => GetAsync(connection.Container(container), name))).Failure;
}
