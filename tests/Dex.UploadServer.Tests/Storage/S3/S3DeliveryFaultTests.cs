using System.Net;
using System.Security.Cryptography;
using Amazon.S3.Model;
using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Tests.Delivery;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>Deliveries to a bucket while the way to it breaks: byte for byte the same, or failed with nothing left (spec: reliability.md 5 and 6).</summary>
public sealed class S3DeliveryFaultTests : IClassFixture<ObjectStoreService>, IAsyncLifetime
{
    private static readonly byte[] s_content = RandomNumberGenerator.GetBytes((3 * S3TargetRig.PartBytes) + 12_345);
    private static readonly IProgress<long> s_unwatched = new Progress<long>();

    private readonly ObjectStoreService _store;
    private readonly FaultProxy _proxy;
    private readonly S3TargetRig _rig;

    public S3DeliveryFaultTests(ObjectStoreService store)
    {
        _store = store;
        _proxy = store.NewProxy();
        _rig = new S3TargetRig(store, _proxy.Address);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _rig.Dispose();
        await _proxy.DisposeAsync();
    }

    [Theory]
    [InlineData(FaultKind.ResetBeforeRequest)]
    [InlineData(FaultKind.ResetInRequest)]
    [InlineData(FaultKind.ResetAfterRequest)]
    [InlineData(FaultKind.Answer)]
    [InlineData(FaultKind.AnswerAfterRequest)]
    [InlineData(FaultKind.Hang)]
    public async Task Parts_that_fail_are_sent_again(FaultKind fault)
    {
        _proxy.Add(new FaultRule(fault) { Method = "PUT", QueryKey = "partNumber", Times = 5, AfterBytes = 100_000 });

        await DeliverAsync($"parts/{fault}");

        await AssertDeliveredAsync($"parts/{fault}");
        Assert.Equal(9, _proxy.Count("PUT", queryKey: "partNumber"));
    }

    [Theory]
    [InlineData(FaultKind.ResetBeforeRequest)]
    [InlineData(FaultKind.ResetAfterRequest)]
    [InlineData(FaultKind.Answer)]
    [InlineData(FaultKind.AnswerAfterRequest)]
    [InlineData(FaultKind.Hang)]
    public async Task A_completion_without_a_good_answer_is_cleared_up(FaultKind fault)
    {
        _proxy.Add(new FaultRule(fault) { Method = "POST", QueryKey = "uploadId", Times = 1 });

        await DeliverAsync($"complete/{fault}");

        await AssertDeliveredAsync($"complete/{fault}");
    }

    [Fact]
    public async Task A_completion_that_says_200_and_means_an_error_is_tried_again()
    {
        var error = CannedAnswer.InternalError with { Status = HttpStatusCode.OK };
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "POST", QueryKey = "uploadId", Times = 1, CannedAnswer = error });

        await DeliverAsync("complete/200");

        await AssertDeliveredAsync("complete/200");
        Assert.Equal(2, _proxy.Count("POST", queryKey: "uploadId"));
    }

    [Fact]
    public async Task A_completion_that_happened_is_a_success_although_no_answer_ever_says_so()
    {
        _proxy.Add(new FaultRule(FaultKind.AnswerAfterRequest) { Method = "POST", QueryKey = "uploadId" });

        await DeliverAsync("complete/always");

        await AssertDeliveredAsync("complete/always");
    }

    [Fact]
    public async Task A_completion_that_never_happens_leaves_nothing()
    {
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "POST", QueryKey = "uploadId" });

        var error = await Assert.ThrowsAsync<IOException>(() => DeliverAsync("complete/never"));

        Assert.StartsWith($"failed to upload file to {_store.Bucket} complete/never: ", error.Message, StringComparison.Ordinal);
        await AssertNothingAsync("complete/never");
    }

    [Theory]
    [InlineData(FaultKind.ResetAfterRequest)]
    [InlineData(FaultKind.AnswerAfterRequest)]
    public async Task A_beginning_whose_answer_was_lost_leaves_no_second_upload_open(FaultKind fault)
    {
        _proxy.Add(new FaultRule(fault) { Method = "POST", QueryKey = "uploads", Times = 2 });

        await DeliverAsync($"begin/{fault}");

        await AssertDeliveredAsync($"begin/{fault}");
        Assert.Equal(3, _proxy.Count("POST", queryKey: "uploads"));
    }

    [Fact]
    public async Task A_beginning_that_is_carried_out_when_nobody_waits_any_more_leaves_no_second_upload_open()
    {
        _proxy.Add(new FaultRule(FaultKind.Hang) { Method = "POST", QueryKey = "uploads", Times = 1 });
        _proxy.Add(new FaultRule(FaultKind.None) { Method = "PUT", Delay = TimeSpan.FromMilliseconds(500) });
        var delivering = DeliverAsync("begin/late");
        await Eventually.TrueAsync(() => _proxy.Count("PUT") > 0);

        await _store.Client.InitiateMultipartUploadAsync(_rig.Bucket, "begin/late", Stop); // what the store does with the first request
        await delivering;

        await AssertDeliveredAsync("begin/late");
    }

    [Fact]
    public async Task A_beginning_whose_answer_never_comes_leaves_nothing_open()
    {
        _proxy.Add(new FaultRule(FaultKind.ResetAfterRequest) { Method = "POST", QueryKey = "uploads" });

        await Assert.ThrowsAsync<IOException>(() => DeliverAsync("begin/never"));

        await AssertNothingAsync("begin/never");
    }

    [Theory]
    [InlineData(FaultKind.ResetInRequest)]
    [InlineData(FaultKind.ResetAfterRequest)]
    [InlineData(FaultKind.AnswerAfterRequest)]
    public async Task A_small_object_is_put_until_it_is_there(FaultKind fault)
    {
        var content = s_content[..100_000];
        _proxy.Add(new FaultRule(fault) { Method = "PUT", Times = 2, AfterBytes = 1_000 });

        await DeliverAsync($"small/{fault}", content);

        Assert.Equal(content, await _rig.ReadAsync($"small/{fault}"));
    }

    [Fact]
    public async Task An_object_that_was_never_stored_is_not_called_delivered_whatever_was_answered()
    {
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", CannedAnswer = new CannedAnswer(HttpStatusCode.OK, "") });

        await Assert.ThrowsAsync<IOException>(() => DeliverAsync("small/lie", s_content[..1000]));

        await AssertNothingAsync("small/lie");
    }

    [Fact]
    public async Task A_target_that_stays_busy_is_left_alone_as_long_as_it_asks()
    {
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", CannedAnswer = CannedAnswer.SlowDown with { Headers = ["Retry-After: 77"] } });
        using var rig = new S3TargetRig(_store, connection: S3Rig.Connect(_store, _proxy.Address, options => options.ProgressTimeout = TimeSpan.FromSeconds(30))); // a slow machine is no busy target
        await using var source = new TestSourceFile(s_content);

        var error = await Assert.ThrowsAsync<DeliveryPostponedException>(() => rig.Destination.DeliverAsync(source, "throttled", s_unwatched, Stop).AsTask());

        Assert.Equal(TimeSpan.FromSeconds(77), error.RetryAfter);
        await AssertNothingAsync("throttled");
    }

    [Fact]
    public async Task A_key_that_may_not_write_is_not_tried_again()
    {
        using var rig = new S3TargetRig(_store, connection: S3Rig.Connect(_store, _proxy.Address, secretKey: "wrong"));
        await using var source = new TestSourceFile(s_content);

        var error = await Assert.ThrowsAsync<DeliveryRefusedException>(() => rig.Destination.DeliverAsync(source, "denied", s_unwatched, Stop).AsTask());

        Assert.Contains("access denied", error.Message, StringComparison.Ordinal);
        Assert.Single(_proxy.Seen);
    }

    [Fact]
    public async Task A_missing_bucket_is_a_target_that_is_down()
    {
        using var rig = new S3TargetRig(_store, _proxy.Address, bucket: "no-such-bucket");
        await using var source = new TestSourceFile(s_content);

        var error = await Assert.ThrowsAsync<IOException>(() => rig.Destination.DeliverAsync(source, "a", s_unwatched, Stop).AsTask());
        var health = await Assert.ThrowsAsync<IOException>(() => rig.Destination.CheckAsync(Stop).AsTask());

        Assert.Equal("failed to upload file to no-such-bucket a: no such bucket (NoSuchBucket)", error.Message);
        Assert.Equal("bucket no-such-bucket: no such bucket", health.Message);
    }

    [Fact]
    public async Task A_delivery_that_is_cut_while_parts_are_on_their_way_leaves_nothing()
    {
        _proxy.Add(new FaultRule { Method = "PUT", QueryKey = "partNumber", BytesPerSecond = 2_000_000 });
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await using var source = new TestSourceFile(s_content);
        var delivering = _rig.Destination.DeliverAsync(source, "cut", s_unwatched, cut.Token).AsTask();
        await Eventually.TrueAsync(() => _proxy.Count("PUT", queryKey: "partNumber") >= 2);

        await cut.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => delivering);
        await AssertNothingAsync("cut");
        Assert.Equal(0, _rig.Memory.Taken);
    }

    [Fact]
    public async Task Progress_is_told_many_times_within_each_part()
    {
        var signs = new Signs();
        await using var source = new TestSourceFile(s_content);

        await _rig.Destination.DeliverAsync(source, "signs", signs, Stop);

        Assert.InRange(signs.Count, 4 * 20, int.MaxValue);
    }

    [Fact]
    public async Task What_a_killed_process_left_open_is_ended_at_the_next_start_and_nothing_else()
    {
        foreach (var key in new[] { "left/ours", "left/others", "left/young" })
            await _store.Client.InitiateMultipartUploadAsync(new InitiateMultipartUploadRequest { BucketName = _store.Bucket, Key = key }, Stop);
        _rig.OurKeys.Add("left/ours");

        await _rig.Destination.PrepareAsync(DateTimeOffset.UtcNow.AddHours(-1), Stop);
        var whileYoung = await _rig.OpenUploadsAsync();
        await _rig.Destination.PrepareAsync(DateTimeOffset.UtcNow.AddHours(1), Stop);

        Assert.Equal(["left/others", "left/ours", "left/young"], whileYoung.Order());
        Assert.Equal(["left/others", "left/young"], (await _rig.OpenUploadsAsync()).Order());
    }

    [Fact]
    public async Task Preparing_leaves_what_is_on_its_way()
    {
        _rig.OurKeys.Add("busy");
        void Prepare() => Assert.True(_rig.Destination.PrepareAsync(DateTimeOffset.UtcNow.AddHours(1), Stop).AsTask().Wait(TimeSpan.FromSeconds(10), Stop));
        await using var source = new TestSourceFile(s_content) { Event = (12_000_000, Prepare) };

        await _rig.Destination.DeliverAsync(source, "busy", s_unwatched, Stop);

        await AssertDeliveredAsync("busy");
    }

    private async Task DeliverAsync(string key, byte[]? content = null)
    {
        content ??= s_content;
        await using var source = new TestSourceFile(content, crc32C: Crc32C.Append(0, content));
        await _rig.Destination.DeliverAsync(source, key, s_unwatched, Stop);
    }

    private async Task AssertDeliveredAsync(string key)
    {
        var delivered = await _rig.ReadAsync(key);
        Assert.True(s_content.AsSpan().SequenceEqual(delivered));
        Assert.DoesNotContain(key, await _rig.OpenUploadsAsync());
    }

    private async Task AssertNothingAsync(string key)
    {
        Assert.Null(await _rig.ReadAsync(key));
        Assert.DoesNotContain(key, await _rig.OpenUploadsAsync());
    }

    private sealed class Signs : IProgress<long>
    {
        private int _count;

        public int Count => _count;

        public void Report(long value) => Interlocked.Increment(ref _count);
    }
}
