using System.Net;
using System.Security.Cryptography;
using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Tests.Delivery;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>Deliveries to a container while the way to it breaks: byte for byte the same, or failed and nothing visible (spec: reliability.md 5 and 6).</summary>
public sealed class AzureDeliveryFaultTests : IClassFixture<AzureService>, IAsyncLifetime
{
    private static readonly byte[] s_content = RandomNumberGenerator.GetBytes((3 * AzureTargetRig.PartBytes) + 12_345);
    private static readonly IProgress<long> s_unwatched = new Progress<long>();

    private readonly FaultProxy _proxy;
    private readonly AzureService _store;
    private readonly AzureTargetRig _rig;

    public AzureDeliveryFaultTests(AzureService store)
    {
        _store = store;
        _proxy = store.NewProxy();
        _rig = new AzureTargetRig(store, _proxy.Address);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private int Blocks => _proxy.Count("PUT", queryKey: "blockid");

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
    public async Task Blocks_that_fail_are_sent_again(FaultKind fault)
    {
        _proxy.Add(new FaultRule(fault) { Method = "PUT", QueryKey = "blockid", Times = 5, AfterBytes = 100_000 });

        await DeliverAsync($"blocks/{fault}");

        await AssertDeliveredAsync($"blocks/{fault}");
        Assert.InRange(Blocks, 9, int.MaxValue);
    }

    [Theory]
    [InlineData(429, "TooManyRequests")]
    [InlineData(503, "ServerBusy")]
    [InlineData(500, "OperationTimedOut")]
    [InlineData(400, "Md5Mismatch")]
    public async Task A_commit_that_a_busy_or_broken_store_refuses_is_made_again(int status, string code)
    {
        _proxy.Add(Commit(FaultKind.Answer, times: 3, CannedAnswer.OfAzure((HttpStatusCode)status, code)));

        await DeliverAsync($"commit/{code}");

        await AssertDeliveredAsync($"commit/{code}");
    }

    [Theory]
    [InlineData(FaultKind.ResetBeforeRequest)]
    [InlineData(FaultKind.ResetAfterRequest)]
    [InlineData(FaultKind.Answer)]
    [InlineData(FaultKind.AnswerAfterRequest)]
    [InlineData(FaultKind.Hang)]
    public async Task A_commit_without_a_good_answer_is_cleared_up(FaultKind fault)
    {
        _proxy.Add(Commit(fault, times: 1));

        await DeliverAsync($"commit/{fault}");

        await AssertDeliveredAsync($"commit/{fault}");
    }

    [Fact]
    public async Task A_commit_that_happened_is_a_success_although_no_answer_ever_says_so()
    {
        _proxy.Add(Commit(FaultKind.AnswerAfterRequest));

        await DeliverAsync("commit/always");

        await AssertDeliveredAsync("commit/always");
    }

    [Fact]
    public async Task A_commit_that_never_happens_shows_nothing_and_harms_no_later_try()
    {
        _proxy.Add(Commit(FaultKind.Answer));
        await using var source = new TestSourceFile(s_content);

        var error = await Assert.ThrowsAsync<IOException>(() => _rig.Destination.DeliverAsync(source, "commit/never", s_unwatched, Stop).AsTask());
        var staged = await _rig.StagedAsync("commit/never");
        var visible = await _rig.ReadAsync("commit/never");
        _proxy.Heal();
        await _rig.Destination.DeliverAsync(source, "commit/never", s_unwatched, Stop);

        Assert.StartsWith($"failed to upload file to {_store.Container} commit/never: the store failed", error.Message, StringComparison.Ordinal);
        Assert.Null(visible);
        Assert.Equal(4, staged.Count);
        await AssertDeliveredAsync("commit/never");
        Assert.Empty(await _rig.StagedAsync("commit/never"));
    }

    [Fact]
    public async Task Tries_that_fail_do_not_heap_up_blocks()
    {
        _proxy.Add(Commit(FaultKind.Answer, answer: CannedAnswer.OfAzure(HttpStatusCode.Forbidden, "AuthorizationPermissionMismatch")));
        await using var source = new TestSourceFile(s_content);

        for (var tries = 0; tries < 3; tries++)
            await Assert.ThrowsAsync<DeliveryRefusedException>(() => _rig.Destination.DeliverAsync(source, "heap", s_unwatched, Stop).AsTask());

        Assert.Equal(4, (await _rig.StagedAsync("heap")).Count);
    }

    [Fact]
    public async Task What_others_left_staged_under_that_name_is_never_part_of_a_delivery()
    {
        await _rig.Blob("foreign").StageBlockAsync(Convert.ToBase64String(new byte[20]), new MemoryStream(new byte[1000]), cancellationToken: Stop);

        await DeliverAsync("foreign");

        await AssertDeliveredAsync("foreign");
        Assert.Empty(await _rig.StagedAsync("foreign"));
    }

    [Theory]
    [InlineData(FaultKind.ResetInRequest)]
    [InlineData(FaultKind.ResetAfterRequest)]
    [InlineData(FaultKind.AnswerAfterRequest)]
    [InlineData(FaultKind.Hang)]
    public async Task A_small_blob_is_put_until_it_is_there(FaultKind fault)
    {
        var content = s_content[..100_000];
        _proxy.Add(new FaultRule(fault) { Method = "PUT", Times = 2, AfterBytes = 1_000 });

        await DeliverAsync($"small/{fault}", content);

        Assert.Equal(content, await _rig.ReadAsync($"small/{fault}"));
        Assert.Equal(0, _proxy.Count("HEAD"));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(AzureTargetRig.PartBytes + 1)]
    public async Task A_blob_that_was_never_stored_is_not_called_delivered_whatever_was_answered(int length)
    {
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", CannedAnswer = new CannedAnswer(HttpStatusCode.Created, "") { Headers = ["ETag: \"0x1\"", "Last-Modified: Tue, 24 Nov 2026 10:00:00 GMT"] } });

        await Assert.ThrowsAsync<IOException>(() => DeliverAsync($"lie/{length}", s_content[..length]));

        Assert.Null(await _rig.ReadAsync($"lie/{length}"));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(AzureTargetRig.PartBytes + 1)]
    public async Task A_blob_that_is_not_as_long_as_the_file_is_not_called_delivered(int length)
    {
        var other = new CannedAnswer(HttpStatusCode.OK, "") { Headers = ["ETag: \"0x1\"", "x-ms-blob-type: BlockBlob", "Last-Modified: Tue, 24 Nov 2026 10:00:00 GMT"] };
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "HEAD", CannedAnswer = other })
            .Add(new FaultRule(FaultKind.AnswerAfterRequest) { Method = "PUT", NoQueryKey = "comp", CannedAnswer = other with { Status = HttpStatusCode.Created } });

        var error = await Assert.ThrowsAsync<IOException>(() => DeliverAsync($"short/{length}", s_content[..length]));

        Assert.Contains($"has 0 bytes instead of {length} after it was written", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_that_stays_busy_is_left_alone_as_long_as_it_asks()
    {
        _proxy.Add(new FaultRule(FaultKind.Answer) { Method = "PUT", CannedAnswer = CannedAnswer.OfAzure(HttpStatusCode.ServiceUnavailable, "ServerBusy", "Retry-After: 77") });

        var error = await Assert.ThrowsAsync<DeliveryPostponedException>(() => DeliverAsync("throttled"));

        Assert.Equal(TimeSpan.FromSeconds(77), error.RetryAfter);
        Assert.Null(await _rig.ReadAsync("throttled"));
    }

    [Fact]
    public async Task A_delivery_that_is_cut_while_blocks_are_on_their_way_shows_nothing()
    {
        _proxy.Add(new FaultRule { Method = "PUT", QueryKey = "blockid", BytesPerSecond = 2_000_000 });
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await using var source = new TestSourceFile(s_content);
        var delivering = _rig.Destination.DeliverAsync(source, "cut", s_unwatched, cut.Token).AsTask();
        await Eventually.TrueAsync(() => Blocks >= 2);

        await cut.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => delivering);
        Assert.Null(await _rig.ReadAsync("cut"));
        Assert.Equal(0, _rig.Memory.Taken);
    }

    [Fact]
    public async Task A_slow_target_gets_everything_at_the_first_try()
    {
        _proxy.Add(new FaultRule { Method = "PUT", Delay = TimeSpan.FromMilliseconds(500), BytesPerSecond = 50_000_000 });
        using var patient = new AzureTargetRig(_store, connection: AzureRig.Connect(_store, _proxy.Address, options => options.ProgressTimeout = TimeSpan.FromSeconds(20)));
        await using var source = new TestSourceFile(s_content);

        await patient.Destination.DeliverAsync(source, "slow", s_unwatched, Stop);

        await AssertDeliveredAsync("slow");
        Assert.Equal(4, Blocks);
    }

    [Fact]
    public async Task Progress_is_told_many_times_within_each_block()
    {
        var signs = new Signs();
        await using var source = new TestSourceFile(s_content);

        await _rig.Destination.DeliverAsync(source, "signs", signs, Stop);

        Assert.InRange(signs.Count, 4 * 20, int.MaxValue);
    }

    [Fact]
    public async Task Of_two_files_for_one_name_each_is_whole_and_the_last_one_stays()
    {
        var other = RandomNumberGenerator.GetBytes((2 * AzureTargetRig.PartBytes) + 1);
        var both = new[] { s_content, other }.Select(async content =>
        {
            try
            {
                await DeliverAsync("same", content);
                return content;
            }
            catch (IOException)
            {
                return null; // the other one was quicker; the delivery is tried again
            }
        });

        var delivered = await Task.WhenAll(both);

        var blob = await _rig.ReadAsync("same");
        Assert.Contains(delivered, content => content is not null && content.AsSpan().SequenceEqual(blob));
    }

    private static FaultRule Commit(FaultKind fault, int times = int.MaxValue, CannedAnswer? answer = null) =>
        new(fault) { Method = "PUT", QueryKey = "comp", NoQueryKey = "blockid", Times = times, CannedAnswer = answer ?? CannedAnswer.InternalError };

    private async Task DeliverAsync(string name, byte[]? content = null)
    {
        content ??= s_content;
        await using var source = new TestSourceFile(content, crc32C: Crc32C.Append(0, content));
        await _rig.Destination.DeliverAsync(source, name, s_unwatched, Stop);
    }

    private async Task AssertDeliveredAsync(string name)
    {
        var delivered = await _rig.ReadAsync(name);
        Assert.True(s_content.AsSpan().SequenceEqual(delivered));
    }

    private sealed class Signs : IProgress<long>
    {
        private int _count;

        public int Count => _count;

        public void Report(long value) => Interlocked.Increment(ref _count);
    }
}
