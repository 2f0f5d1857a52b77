using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using Amazon.S3.Model;
using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>Deliveries within one store: the store copies, and no byte passes through this server (spec: delivery.md 9).</summary>
public sealed class S3ServerSideCopyTests : IClassFixture<ObjectStoreService>, IAsyncLifetime
{
    private static readonly byte[] s_content = RandomNumberGenerator.GetBytes((2 * S3TargetRig.PartBytes) + 99);
    private static readonly IProgress<long> s_unwatched = new Progress<long>();
    private static readonly FinishedUpload s_finished = new(ImmutableSortedDictionary<string, string>.Empty.Add("sender", "somebody"));

    private readonly ObjectStoreService _store;
    private readonly FaultProxy _proxy;
    private readonly S3TargetRig _rig;
    private readonly string _id = Guid.NewGuid().ToString();

    public S3ServerSideCopyTests(ObjectStoreService store)
    {
        _store = store;
        _proxy = store.NewProxy();
        _rig = new S3TargetRig(store, _proxy.Address);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private int Copies => _proxy.Seen.Count(request => request.Field("x-amz-copy-source") is not null);

    private long BytesSent => _proxy.Seen.Where(request => request.Method == "PUT").Sum(request => long.Parse(request.Field("Content-Length") ?? "0", null));

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _rig.Dispose();
        await _proxy.DisposeAsync();
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(10, 1)]
    [InlineData((2 * S3TargetRig.PartBytes) + 99, 3)]
    public async Task The_store_copies_and_no_byte_comes_by(int length, int copies)
    {
        using var rig = new S3TargetRig(_store, _proxy.Address, change: options => (options.CopyAtOnceBytes, options.CopyPartBytes) = (100, S3TargetRig.PartBytes));
        await PutAsync(s_content[..length]);

        await DeliverAsync(rig, $"copied/{length}", Crc32C.Append(0, s_content.AsSpan(0, length)));

        await AssertDeliveredAsync($"copied/{length}", s_content[..length]);
        Assert.Equal(copies, Copies);
        Assert.Equal(0, _proxy.Count("GET"));
        Assert.Equal(0, BytesSent);
        Assert.Empty(await _rig.OpenUploadsAsync());
        Assert.Equal("somebody", (await _store.Client.GetObjectMetadataAsync(_store.Bucket, $"copied/{length}", Stop)).Metadata["sender"]);
    }

    [Theory]
    [InlineData(HttpStatusCode.Forbidden, "AccessDenied")]
    [InlineData(HttpStatusCode.BadRequest, "InvalidRequest")]
    [InlineData(HttpStatusCode.NotImplemented, "NotImplemented")]
    [InlineData(HttpStatusCode.NotFound, "NoSuchBucket")]
    public async Task A_store_that_refuses_gets_the_bytes_and_is_not_asked_again_soon(HttpStatusCode status, string code)
    {
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", Times = 1, CannedAnswer = CannedAnswer.OfS3(status, code) });
        await PutAsync(s_content);

        await DeliverAsync(_rig, $"{code}/first");
        await DeliverAsync(_rig, $"{code}/second");

        await AssertDeliveredAsync($"{code}/first", s_content);
        await AssertDeliveredAsync($"{code}/second", s_content);
        Assert.Equal(1, Copies);
    }

    [Fact]
    public async Task Copying_can_be_turned_off()
    {
        using var rig = new S3TargetRig(_store, _proxy.Address, change: options => options.ServerSideCopy = false);
        await PutAsync(s_content);

        await DeliverAsync(rig, "off");

        await AssertDeliveredAsync("off", s_content);
        Assert.Equal(0, Copies);
    }

    [Fact]
    public async Task A_source_in_another_store_is_carried()
    {
        using var elsewhere = S3Rig.Connect(_store);
        await PutAsync(s_content);
        await using var file = await _rig.NewSource(connection: elsewhere).FindAsync(_id, s_finished, Stop);

        await _rig.Destination.DeliverAsync(file!, "elsewhere", s_unwatched, Stop);

        await AssertDeliveredAsync("elsewhere", s_content);
        Assert.Equal(0, Copies);
    }

    [Theory]
    [InlineData(1 << 30)]
    [InlineData(100)]
    public async Task A_source_that_was_replaced_is_not_copied(long atOnce)
    {
        using var rig = new S3TargetRig(_store, _proxy.Address, change: options => options.CopyAtOnceBytes = atOnce);
        await PutAsync(s_content);
        await using var file = await rig.NewSource().FindAsync(_id, s_finished, Stop);
        await PutAsync(RandomNumberGenerator.GetBytes(s_content.Length));

        await Assert.ThrowsAsync<DeliverySourceException>(() => rig.Destination.DeliverAsync(file!, "replaced", s_unwatched, Stop).AsTask());

        Assert.Null(await _rig.ReadAsync("replaced"));
        Assert.Empty(await _rig.OpenUploadsAsync());
    }

    [Theory]
    [InlineData(FaultKind.ResetAfterRequest)]
    [InlineData(FaultKind.AnswerAfterRequest)]
    [InlineData(FaultKind.Answer)]
    public async Task A_copy_without_a_good_answer_is_made_again(FaultKind fault)
    {
        using var rig = new S3TargetRig(_store, _proxy.Address, change: options => (options.CopyAtOnceBytes, options.CopyPartBytes) = (100, S3TargetRig.PartBytes));
        _proxy.Add(new FaultRule(fault) { Method = "PUT", Times = 2 }).Add(new FaultRule(fault) { Method = "POST", NoQueryKey = "uploads", Times = 1 });
        await PutAsync(s_content);

        await DeliverAsync(rig, $"again/{fault}");

        await AssertDeliveredAsync($"again/{fault}", s_content);
        Assert.Empty(await _rig.OpenUploadsAsync());
    }

    private async Task DeliverAsync(S3TargetRig rig, string key, uint? crc = null)
    {
        await using var file = await rig.NewSource().FindAsync(_id, s_finished, Stop);
        file!.Crc32C = crc;
        await rig.Destination.DeliverAsync(file, key, s_unwatched, Stop);
    }

    private async Task AssertDeliveredAsync(string key, byte[] content)
    {
        var delivered = await _rig.ReadAsync(key);
        Assert.True(content.AsSpan().SequenceEqual(delivered));
    }

    private Task<PutObjectResponse> PutAsync(byte[] content) => _store.Client.PutObjectAsync(
        new PutObjectRequest { BucketName = _store.Bucket, Key = $"tus-prefix/{_id}", InputStream = new MemoryStream(content) }, Stop);
}
