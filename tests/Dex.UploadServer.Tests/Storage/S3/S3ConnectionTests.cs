using System.Security.Cryptography;
using Amazon.S3.Model;
using Dex.Testing;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>Every call to S3, against a real server, with faults between (spec: reliability.md 6).</summary>
public sealed class S3ConnectionTests(ObjectStoreService store) : IClassFixture<ObjectStoreService>, IAsyncLifetime
{
    private const string Key = "folder/object";
    private static readonly byte[] s_content = RandomNumberGenerator.GetBytes(200_000);

    private readonly FaultProxy _proxy = store.NewProxy();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await store.Client.PutObjectAsync(
        new PutObjectRequest { BucketName = store.Bucket, Key = Key, InputStream = new MemoryStream(s_content) }, Stop);

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();

    [Fact]
    public async Task An_object_put_is_the_object_got()
    {
        using var connection = S3Rig.Connect(store, _proxy.Address);

        await PutAsync(connection, "new");

        Assert.Equal(s_content, await GetAsync(connection, "new"));
        Assert.Equal(2, _proxy.Seen.Count);
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
        using var connection = S3Rig.Connect(store, _proxy.Address);
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
        using var connection = S3Rig.Connect(store, _proxy.Address);
        _proxy.Add(new FaultRule(fault) { Method = "GET", Times = 1, AfterBytes = 50_000 });

        Assert.Equal(s_content, await GetAsync(connection, Key));

        Assert.Equal(2, _proxy.Count("GET"));
    }

    [Fact]
    public async Task A_small_put_that_was_refused_is_no_part_of_the_next_one()
    {
        using var connection = S3Rig.Connect(store);

        for (var i = 0; i < 3; i++)
        {
            var failure = await Assert.ThrowsAsync<StoreCallException>(() => connection.OnceAsync(
                (client, token) => client.PutObjectAsync(new PutObjectRequest { BucketName = "no-such-bucket", Key = Key, InputStream = new MemoryStream([1, 2, 3]) }, token), Stop));

            Assert.Equal(StoreFailure.NoBucket, failure.Failure);
        }
    }

    [Fact]
    public async Task A_call_that_must_not_be_repeated_is_sent_once()
    {
        using var connection = S3Rig.Connect(store, _proxy.Address);
        _proxy.Add(new FaultRule(FaultKind.ResetAfterRequest));

        var failure = await Assert.ThrowsAsync<StoreCallException>(() => connection.OnceAsync(Put("once"), Stop));

        Assert.True(failure.MayHaveHappened);
        Assert.Equal(1, _proxy.Count("PUT"));
    }

    [Fact]
    public async Task A_store_that_stays_away_is_given_up_in_time()
    {
        using var connection = S3Rig.Connect(store, _proxy.Address, options => options.RetryWindow = TimeSpan.FromSeconds(1));
        _proxy.Add(new FaultRule(FaultKind.ResetBeforeRequest));
        var began = TimeProvider.System.GetTimestamp();

        var failure = await Assert.ThrowsAsync<StoreCallException>(() => connection.RepeatAsync(Put("away"), Stop));

        Assert.Equal(StoreFailure.Unavailable, failure.Failure);
        Assert.InRange(_proxy.Count("PUT"), 3, 20);
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_store_without_a_listener_is_unavailable_and_its_address_is_not_told()
    {
        await _proxy.DisposeAsync();
        using var connection = S3Rig.Connect(store, _proxy.Address, options => options.RetryWindow = TimeSpan.Zero);

        var failure = await Assert.ThrowsAsync<StoreCallException>(() => connection.RepeatAsync(Put("gone"), Stop));

        Assert.Equal(StoreFailure.Unavailable, failure.Failure);
        Assert.DoesNotContain("127.0.0.1", failure.Message);
    }

    [Fact]
    public async Task A_busy_store_is_left_alone_as_long_as_it_asks()
    {
        using var connection = S3Rig.Connect(store, _proxy.Address);
        _proxy.Add(new FaultRule(FaultKind.Answer) { CannedAnswer = CannedAnswer.SlowDown with { Headers = ["Retry-After: 1"] }, Times = 1 });
        var began = TimeProvider.System.GetTimestamp();

        await PutAsync(connection, "busy");

        Assert.True(TimeProvider.System.GetElapsedTime(began) >= TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_store_that_asks_for_more_time_than_there_is_fails_at_once_and_says_so()
    {
        using var connection = S3Rig.Connect(store, _proxy.Address);
        _proxy.Add(new FaultRule(FaultKind.Answer) { CannedAnswer = CannedAnswer.SlowDown with { Headers = ["Retry-After: 100"] } });

        var failure = await Assert.ThrowsAsync<StoreCallException>(() => connection.RepeatAsync(Put("busy"), Stop));
        var postponed = Assert.IsType<DeliveryPostponedException>(failure.ForDestination("target"));

        Assert.Equal(StoreFailure.Throttled, failure.Failure);
        Assert.Equal(TimeSpan.FromSeconds(100), postponed.RetryAfter);
        Assert.Equal(1, _proxy.Count("PUT"));
    }

    [Fact]
    public async Task A_slow_line_is_never_cut_while_bytes_move()
    {
        using var connection = S3Rig.Connect(store, _proxy.Address, options => options.ProgressTimeout = TimeSpan.FromMilliseconds(700));
        _proxy.Add(new FaultRule { BytesPerSecond = 100_000 });

        Assert.Equal(s_content, await GetAsync(connection, Key)); // takes two seconds

        Assert.Equal(1, _proxy.Count("GET"));
    }

    [Fact]
    public async Task A_reader_who_takes_its_time_is_not_cut()
    {
        using var connection = S3Rig.Connect(store, change: options => options.ProgressTimeout = TimeSpan.FromMilliseconds(200));
        using var answer = await connection.OnceAsync((client, token) => client.GetObjectAsync(store.Bucket, Key, token), Stop);
        var content = new byte[s_content.Length];
        await answer.ResponseStream.ReadExactlyAsync(content.AsMemory(0, 1), Stop);

        await Task.Delay(TimeSpan.FromMilliseconds(700), Stop); // what would cut it is time alone
        await answer.ResponseStream.ReadExactlyAsync(content.AsMemory(1), Stop);

        Assert.Equal(s_content, content);
    }

    [Fact]
    public async Task A_body_that_stands_still_is_cut()
    {
        using var connection = S3Rig.Connect(store, _proxy.Address, options => options.ProgressTimeout = TimeSpan.FromMilliseconds(300));
        _proxy.Add(new FaultRule(FaultKind.HangInAnswer) { AfterBytes = 50_000 });
        using var answer = await connection.OnceAsync((client, token) => client.GetObjectAsync(store.Bucket, Key, token), Stop);

        await Assert.ThrowsAnyAsync<IOException>(async () => await answer.ResponseStream.ReadExactlyAsync(new byte[s_content.Length], Stop));
    }

    [Fact]
    public async Task What_is_missing_is_told_apart()
    {
        using var connection = S3Rig.Connect(store);

        Assert.Equal(StoreFailure.NotFound, await FailAsync(connection, (client, token) => client.GetObjectAsync(store.Bucket, "nothing", token)));
        Assert.Equal(StoreFailure.NotFound, await FailAsync(connection, (client, token) => client.GetObjectMetadataAsync(store.Bucket, "nothing", token)));
        Assert.Equal(StoreFailure.NoBucket, await FailAsync(connection, (client, token) => client.GetObjectAsync("no-such-bucket", "nothing", token)));
        Assert.Equal(StoreFailure.NoMultipartUpload, await FailAsync(connection, (client, token) => client.AbortMultipartUploadAsync(store.Bucket, Key, "2~nothing", token)));
    }

    [Fact]
    public async Task A_condition_that_does_not_hold_is_told_apart()
    {
        using var connection = S3Rig.Connect(store);
        var request = new PutObjectRequest { BucketName = store.Bucket, Key = Key, ContentBody = "x", IfNoneMatch = "*" };

        Assert.Equal(StoreFailure.ConditionFailed, await FailAsync(connection, (client, token) => client.PutObjectAsync(request, token)));
    }

    [Fact]
    public async Task A_wrong_key_is_denied_without_a_second_try()
    {
        using var connection = S3Rig.Connect(store, _proxy.Address, secretKey: "wrong");

        var failure = await Assert.ThrowsAsync<StoreCallException>(
            () => connection.RepeatAsync((client, token) => client.GetObjectAsync(store.Bucket, Key, token), Stop));

        Assert.Equal(StoreFailure.Denied, failure.Failure);
        Assert.IsType<DeliveryRefusedException>(failure.ForDestination("target"));
        Assert.Equal(1, _proxy.Count("GET"));
    }

    [Fact]
    public async Task A_caller_who_leaves_is_obeyed_at_once()
    {
        using var connection = S3Rig.Connect(store, _proxy.Address, options => options.ProgressTimeout = TimeSpan.FromSeconds(30));
        _proxy.Add(new FaultRule(FaultKind.Hang));
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var call = connection.RepeatAsync(Put("left"), leaving.Token);
        await Eventually.TrueAsync(() => _proxy.Count("PUT") == 1);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    private Func<Amazon.S3.IAmazonS3, CancellationToken, Task<PutObjectResponse>> Put(string key) => (client, token) =>
        client.PutObjectAsync(new PutObjectRequest { BucketName = store.Bucket, Key = key, InputStream = new MemoryStream(s_content) }, token);

    private Task<PutObjectResponse> PutAsync(S3Connection connection, string key) => connection.RepeatAsync(Put(key), Stop);

    private Task<byte[]> GetAsync(S3Connection connection, string key) => connection.RepeatAsync(
        async (client, token) =>
        {
            using var answer = await client.GetObjectAsync(store.Bucket, key, token);
            var content = new byte[answer.ContentLength];
            await answer.ResponseStream.ReadExactlyAsync(content, token);
            return content;
        },
        Stop);

    private static async Task<StoreFailure> FailAsync<T>(S3Connection connection, Func<Amazon.S3.IAmazonS3, CancellationToken, Task<T>> call) =>
        (await Assert.ThrowsAsync<StoreCallException>(() => connection.RepeatAsync(call, Stop))).Failure;
}
