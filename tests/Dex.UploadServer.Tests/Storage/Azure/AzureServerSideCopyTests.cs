using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using Amazon.S3.Model;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;
using Dex.UploadServer.Tests.Storage.S3;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>Deliveries that the target's store fetches by itself, from Azure and from S3: no byte passes through this server, and where it does not work all pass as ever (spec: delivery.md 9).</summary>
public sealed class AzureServerSideCopyTests : IClassFixture<AzureService>, IClassFixture<ObjectStoreService>, IAsyncLifetime
{
    private static readonly byte[] s_content = RandomNumberGenerator.GetBytes((2 * AzureTargetRig.PartBytes) + 99);
    private static readonly IProgress<long> s_unwatched = new Progress<long>();
    private static readonly FinishedUpload s_finished = new(ImmutableSortedDictionary<string, string>.Empty.Add("sender", "somebody"));

    private readonly AzureService _store;
    private readonly ObjectStoreService _bucket;
    private readonly FaultProxy _bucketProxy;
    private readonly S3Connection _s3;
    private readonly string _id = Guid.NewGuid().ToString();
    private FetchingBlobService _fetching = null!;
    private FaultProxy _proxy = null!;
    private AzureTargetRig _rig = null!;

    public AzureServerSideCopyTests(AzureService store, ObjectStoreService bucket)
    {
        (_store, _bucket) = (store, bucket);
        _bucketProxy = bucket.NewProxy();
        _s3 = S3Rig.Connect(bucket, _bucketProxy.Address);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private int Fetches => _proxy.Seen.Count(request => request.Field("x-ms-copy-source") is not null);

    private long BytesSent => _proxy.Seen.Where(request => request.Method == "PUT" && request.HasQueryKey("blockid")).Sum(request => long.Parse(request.Field("Content-Length") ?? "0", null));

    public async ValueTask InitializeAsync()
    {
        _fetching = await FetchingBlobService.StartAsync(_store, Stop);
        _proxy = FaultProxy.Start(_fetching.Address);
        _rig = NewRig(_ => { });
    }

    public async ValueTask DisposeAsync()
    {
        _rig.Dispose();
        _s3.Dispose();
        await _proxy.DisposeAsync();
        await _fetching.DisposeAsync();
        await _bucketProxy.DisposeAsync();
    }

    [Theory]
    [InlineData("Azure")]
    [InlineData("S3")]
    public async Task The_store_fetches_and_no_byte_comes_by(string from)
    {
        await using var file = await NewSourceAsync(from);

        await DeliverAsync(_rig, file, $"fetched/{from}");

        await AssertDeliveredAsync($"fetched/{from}");
        Assert.Equal((3, 0), (Fetches, BytesSent));
        Assert.Equal("somebody", (await _store.Blob($"fetched/{from}").GetPropertiesAsync(cancellationToken: Stop)).Value.Metadata["sender"]);
    }

    [Theory]
    [InlineData("Azure", false, false)]
    [InlineData("S3", false, true)]
    [InlineData("S3", true, false)]
    public async Task Fetching_is_switched_by_the_operator(string from, bool serverSideCopy, bool acrossClouds)
    {
        using var rig = NewRig(options => (options.ServerSideCopy, options.CopyAcrossClouds) = (serverSideCopy, acrossClouds));
        await using var file = await NewSourceAsync(from);

        await DeliverAsync(rig, file, $"off/{from}");

        await AssertDeliveredAsync($"off/{from}");
        Assert.Equal(0, Fetches);
    }

    [Fact]
    public async Task A_file_of_one_part_is_carried()
    {
        await using var file = await NewSourceAsync("Azure", s_content[..1000]);

        await DeliverAsync(_rig, file, "one-part", s_content[..1000]);

        Assert.Equal(s_content[..1000], await _rig.ReadAsync("one-part"));
        Assert.Equal(0, Fetches);
    }

    [Fact]
    public async Task A_store_with_a_sas_lends_that()
    {
        var sas = new AzureSignIn.Sas(new Secret(_store.NewSas(DateTimeOffset.UtcNow.AddHours(1))));
        using var connection = AzureRig.Connect(_store, signIn: sas);
        await PutBlobAsync(s_content);
        await using var file = await _rig.NewSource(connection).FindAsync(_id, s_finished, Stop);

        await DeliverAsync(_rig, file!, "by-sas");

        await AssertDeliveredAsync("by-sas");
        Assert.Equal(3, Fetches);
    }

    [Theory]
    [InlineData(404, "CannotVerifyCopySource")]
    [InlineData(403, "CannotVerifyCopySource")]
    [InlineData(400, "InvalidHeaderValue")]
    [InlineData(501, "NotImplemented")]
    public async Task A_store_that_refuses_gets_the_bytes_and_is_not_asked_again_soon(int status, string code)
    {
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", QueryKey = "blockid", Times = 1, CannedAnswer = CannedAnswer.OfAzure((HttpStatusCode)status, code) });
        await using var file = await NewSourceAsync("S3");

        await DeliverAsync(_rig, file, $"{code}{status}/first");
        await DeliverAsync(_rig, file, $"{code}{status}/second");

        await AssertDeliveredAsync($"{code}{status}/first");
        await AssertDeliveredAsync($"{code}{status}/second");
        Assert.Equal(1, Fetches);
    }

    [Fact]
    public async Task A_store_that_cannot_reach_the_source_gets_the_bytes()
    {
        _bucketProxy.Add(new FaultRule(FaultKind.ResetBeforeRequest) { QueryKey = "X-Amz-Signature" });
        await using var file = await NewSourceAsync("S3");

        await DeliverAsync(_rig, file, "unreachable");

        await AssertDeliveredAsync("unreachable");
        Assert.Equal(s_content.Length, BytesSent);
    }

    [Fact]
    public async Task A_store_that_takes_too_long_gets_the_bytes()
    {
        using var rig = NewRig(options => options.CopyAtOncePatience = TimeSpan.FromMilliseconds(300));
        _bucketProxy.Add(new FaultRule(FaultKind.Hang) { QueryKey = "X-Amz-Signature" });
        await using var file = await NewSourceAsync("S3");

        await DeliverAsync(rig, file, "slow");

        await AssertDeliveredAsync("slow");
        Assert.Equal((1, s_content.Length), (Fetches, BytesSent));
    }

    [Fact]
    public async Task A_fetch_that_is_cut_short_is_never_committed()
    {
        _proxy.Add(new FaultRule(FaultKind.Answer) { QueryKey = "blockid", Skip = 1, Times = 1, CannedAnswer = new CannedAnswer(HttpStatusCode.Created, "") });
        await using var file = await NewSourceAsync("Azure");

        await DeliverAsync(_rig, file, "cut");

        await AssertDeliveredAsync("cut");
        Assert.Equal((3, s_content.Length), (Fetches, BytesSent));
    }

    [Theory]
    [InlineData("Azure")]
    [InlineData("S3")]
    public async Task A_store_that_begins_to_fetch_and_does_not_get_on_gets_the_bytes(string from)
    {
        using var rig = NewRig(_ => { }, retryWindow: TimeSpan.FromSeconds(1));
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", QueryKey = "blockid", Skip = 1, Times = 4 });
        await using var file = await NewSourceAsync(from);

        await DeliverAsync(rig, file, $"begun/{from}");

        await AssertDeliveredAsync($"begun/{from}");
    }

    [Theory]
    [InlineData("Azure")]
    [InlineData("S3")]
    public async Task A_source_that_was_replaced_is_not_delivered(string from)
    {
        await using var file = await NewSourceAsync(from);
        var other = RandomNumberGenerator.GetBytes(s_content.Length);
        await (from == "S3" ? PutObjectAsync(other) : PutBlobAsync(other));

        var error = await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverAsync(_rig, file, $"replaced/{from}").AsTask());

        Assert.Equal("source object has changed since the delivery began", error.Message);
        Assert.Null(await _rig.ReadAsync($"replaced/{from}"));
    }

    [Fact]
    public async Task A_blob_that_somebody_has_locked_is_the_targets_fault_and_stays()
    {
        await _store.Blob("locked").UploadAsync(new MemoryStream([1, 2, 3]), new BlobUploadOptions(), Stop);
        var lease = _store.Blob("locked").GetBlobLeaseClient();
        await lease.AcquireAsync(TimeSpan.FromSeconds(60), cancellationToken: Stop);
        await using var file = await NewSourceAsync("Azure");

        var error = await Assert.ThrowsAsync<IOException>(() => DeliverAsync(_rig, file, "locked").AsTask());

        Assert.Contains("changed or locked by somebody else", error.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], await _rig.ReadAsync("locked"));
    }

    [Theory]
    [InlineData(FaultKind.ResetAfterRequest)]
    [InlineData(FaultKind.AnswerAfterRequest)]
    [InlineData(FaultKind.Answer)]
    public async Task A_fetch_without_a_good_answer_is_made_again(FaultKind fault)
    {
        _proxy.Add(new FaultRule(fault) { Method = "PUT", QueryKey = "comp", Times = 4 });
        await using var file = await NewSourceAsync("S3");

        await DeliverAsync(_rig, file, $"again/{fault}");

        await AssertDeliveredAsync($"again/{fault}");
        Assert.Equal(0, BytesSent);
    }

    [Fact]
    public async Task A_missing_container_is_made_and_the_store_fetches_into_it()
    {
        using var rig = new AzureTargetRig(_store, _proxy.Address, $"{_store.Container}-fetch", options => options.CopyPartBytes = AzureTargetRig.PartBytes);
        await using var file = await NewSourceAsync("Azure");

        await DeliverAsync(rig, file, "made");

        var delivered = await rig.ReadAsync("made");
        Assert.True(s_content.AsSpan().SequenceEqual(delivered));
        Assert.Equal(0, BytesSent);
    }

    private AzureTargetRig NewRig(Action<TransferOptions> change, TimeSpan? retryWindow = null)
    {
        var connection = AzureRig.Connect(_store, _proxy.Address, options => // on a busy machine a fetch takes its time
            (options.RetryWindow, options.ProgressTimeout) = (retryWindow ?? options.RetryWindow, TimeSpan.FromSeconds(20)));
        return new AzureTargetRig(_store, connection: connection, change: options =>
        {
            (options.CopyPartBytes, options.CopyAcrossClouds) = (AzureTargetRig.PartBytes, true);
            change(options);
        });
    }

    private async Task<SourceFile> NewSourceAsync(string from, byte[]? content = null)
    {
        content ??= s_content;
        await (from == "S3" ? PutObjectAsync(content) : PutBlobAsync(content));
        IDeliverySource source = from == "S3"
            ? new S3Source(_s3, _bucket.Bucket, "tus-prefix", _rig.Memory, Microsoft.Extensions.Options.Options.Create(_rig.Options))
            : _rig.NewSource();
        return (await source.FindAsync(_id, s_finished, Stop))!;
    }

    private static ValueTask<DeliveredFile> DeliverAsync(AzureTargetRig rig, SourceFile file, string name, byte[]? content = null)
    {
        file.Crc32C = Crc32C.Append(0, content ?? s_content);
        return rig.Destination.DeliverAsync(file, name, s_unwatched, Stop);
    }

    private async Task AssertDeliveredAsync(string name)
    {
        var delivered = await _rig.ReadAsync(name);
        Assert.True(s_content.AsSpan().SequenceEqual(delivered));
    }

    private async Task PutBlobAsync(byte[] content) => await _store.Blob($"tus-prefix/{_id}").UploadAsync(new MemoryStream(content), new BlobUploadOptions(), Stop);

    private async Task PutObjectAsync(byte[] content) => await _bucket.Client.PutObjectAsync(
        new PutObjectRequest { BucketName = _bucket.Bucket, Key = $"tus-prefix/{_id}", InputStream = new MemoryStream(content) }, Stop);
}
