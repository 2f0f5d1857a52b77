using Dex.Testing;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Tests.Ledger;

/// <summary>What every ledger keeps its word on, whatever database is behind it.</summary>
public abstract class LedgerContract
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private protected abstract ILedger Ledger { get; }

    private protected ManualClock Clock { get; } = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_upload_is_found_as_it_was_recorded()
    {
        var upload = LedgerSamples.Upload(LedgerSamples.NewId());

        await Ledger.RecordCreationAsync(upload, [], Stop);

        var found = await Ledger.FindUploadAsync(upload.UploadId, Stop);
        Assert.Equal(upload.Manifest, found!.Manifest);
        Assert.Equal(upload with { Manifest = found.Manifest }, found);
    }

    [Fact]
    public async Task An_unknown_upload_is_null_and_has_nothing()
    {
        var uploadId = "'; DROP TABLE uploads; --";

        Assert.Null(await Ledger.FindUploadAsync(uploadId, Stop));
        Assert.Empty(await Ledger.ListAttemptsAsync(uploadId, Stop));
        Assert.Empty(await Ledger.ListDeliveriesAsync(uploadId, Stop));
    }

    [Fact]
    public async Task Recording_the_same_upload_again_changes_nothing_but_queues_its_messages()
    {
        var upload = LedgerSamples.Upload(LedgerSamples.NewId());
        await Ledger.RecordCreationAsync(upload, [], Stop);

        var batch = await Ledger.RecordCreationAsync(upload with { Length = 1 }, [LedgerSamples.Message(upload.UploadId, "upload-started")], Stop);

        Assert.True(batch.Sequence > 0);
        Assert.Equal(10240, (await Ledger.FindUploadAsync(upload.UploadId, Stop))!.Length);
    }

    [Fact]
    public async Task Completion_records_upload_deliveries_and_messages_together()
    {
        var uploadId = LedgerSamples.NewId();
        await Ledger.RecordCreationAsync(LedgerSamples.Upload(uploadId), [], Stop);

        var batch = await Ledger.CompleteUploadAsync(
            LedgerSamples.Completion(uploadId, new("edav", "edav", "a/b"), new("ehdi", "ehdi#2", "c/d")), Stop);

        Assert.Equal("upload-completed", Assert.Single(batch!.Messages).Type);
        var upload = await Ledger.FindUploadAsync(uploadId, Stop);
        Assert.Equal((LedgerSamples.Noon.AddSeconds(1), 0xFEDCBA98), (upload!.CompletedAt, upload.Crc32C));
        var deliveries = await Ledger.ListDeliveriesAsync(uploadId, Stop);
        Assert.Equal([("edav", "edav", "a/b"), ("ehdi", "ehdi#2", "c/d")], deliveries.Select(delivery => (delivery.Target, delivery.TargetKey, delivery.Path)));
        Assert.All(deliveries, delivery => Assert.Equal((DeliveryState.Waiting, 0), (delivery.State, delivery.Attempts)));
    }

    [Fact]
    public async Task Of_many_completions_at_once_exactly_one_counts()
    {
        var uploadId = LedgerSamples.NewId();
        var completion = LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a/b"));

        var batches = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(() => Ledger.CompleteUploadAsync(completion, Stop), Stop)));

        Assert.Single(batches, batch => batch is not null);
        Assert.Single(await Ledger.ListDeliveriesAsync(uploadId, Stop));
    }

    [Fact]
    public async Task Two_deliveries_to_one_target_are_one()
    {
        var uploadId = LedgerSamples.NewId();

        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId, new("edav", "edav", "first"), new("edav", "edav", "second")), Stop);

        Assert.Equal("first", Assert.Single(await Ledger.ListDeliveriesAsync(uploadId, Stop)).Path);
    }

    [Fact]
    public async Task A_terminated_upload_loses_its_waiting_deliveries_and_stays_ended()
    {
        var uploadId = LedgerSamples.NewId();
        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a")), Stop);

        await Ledger.TerminateUploadAsync(uploadId, LedgerSamples.Noon, Stop);
        await Ledger.TerminateUploadAsync("never heard of", LedgerSamples.Noon, Stop);

        Assert.Empty(await Ledger.ListDeliveriesAsync(uploadId, Stop));
        Assert.Null(await Ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId), Stop));
        Assert.Equal([uploadId], await Ledger.FilterEndedAsync([uploadId, LedgerSamples.NewId()], Stop));
    }

    [Fact]
    public async Task Unfinished_uploads_are_those_neither_complete_nor_terminated()
    {
        var (open, complete, terminated) = (LedgerSamples.NewId(), LedgerSamples.NewId(), LedgerSamples.NewId());
        foreach (var id in new[] { open, complete, terminated })
            await Ledger.RecordCreationAsync(LedgerSamples.Upload(id), [], Stop);

        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(complete), Stop);
        await Ledger.TerminateUploadAsync(terminated, LedgerSamples.Noon, Stop);

        Assert.Equal([open], await Ledger.ListUnfinishedAsync(Stop));
    }

    [Fact]
    public async Task An_upload_expires_once_and_only_if_it_has_not_ended_otherwise()
    {
        var (open, complete, terminated) = (LedgerSamples.NewId(), LedgerSamples.NewId(), LedgerSamples.NewId());
        foreach (var id in new[] { open, complete, terminated })
            await Ledger.RecordCreationAsync(LedgerSamples.Upload(id), [], Stop);
        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(complete), Stop);
        await Ledger.TerminateUploadAsync(terminated, LedgerSamples.Noon, Stop);

        Assert.True(await Ledger.ExpireUploadAsync(open, LedgerSamples.Noon, Stop));
        foreach (var id in new[] { open, complete, terminated, "never heard of" })
            Assert.False(await Ledger.ExpireUploadAsync(id, LedgerSamples.Noon.AddDays(1), Stop));

        Assert.Equal(LedgerSamples.Noon, (await Ledger.FindUploadAsync(open, Stop))?.ExpiredAt);
        Assert.Null((await Ledger.FindUploadAsync(complete, Stop))?.ExpiredAt);
        Assert.Empty(await Ledger.ListUnfinishedAsync(Stop));
    }

    [Fact]
    public async Task An_expired_upload_that_is_finished_all_the_same_is_complete_with_its_deliveries()
    {
        var uploadId = LedgerSamples.NewId();
        await Ledger.RecordCreationAsync(LedgerSamples.Upload(uploadId), [], Stop);
        await Ledger.ExpireUploadAsync(uploadId, LedgerSamples.Noon, Stop);

        var batch = await Ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a")), Stop);

        Assert.NotNull(batch);
        Assert.Single(await Ledger.ListDeliveriesAsync(uploadId, Stop));
        Assert.True(await Ledger.FindUploadAsync(uploadId, Stop) is { CompletedAt: not null, ExpiredAt: null });
    }

    [Fact]
    public async Task An_adopted_upload_brings_its_attempts_and_what_it_still_owes()
    {
        var uploadId = LedgerSamples.NewId();
        var attempt = new DeliveryAttempt { Target = "ehdi", Succeeded = true, Location = "x", EndedAt = LedgerSamples.Noon };
        var adopted = LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a", AttemptsBefore: 2));

        await Ledger.AdoptUploadAsync(adopted, [attempt], Stop);
        await Ledger.AdoptUploadAsync(adopted, [attempt], Stop);

        Assert.Equal("ehdi", Assert.Single(await Ledger.ListAttemptsAsync(uploadId, Stop)).Target);
        Assert.Equal(2, Assert.Single(await Ledger.ListDeliveriesAsync(uploadId, Stop)).Attempts);
        Assert.Empty(await Ledger.ReadOutboxAsync(0, 10, Stop));
    }

    [Fact]
    public async Task Claims_of_many_workers_never_overlap()
    {
        for (var i = 0; i < 64; i++)
            await Ledger.CompleteUploadAsync(LedgerSamples.Completion(LedgerSamples.NewId(), new NewDelivery("edav", "edav", "a")), Stop);

        var claims = await Task.WhenAll(Enumerable.Range(0, 32).Select(worker =>
            Task.Run(() => Ledger.ClaimDeliveriesAsync("edav", 3, $"worker {worker}", Lease, Stop), Stop)));

        Assert.All(claims, claim => Assert.True(claim.Count <= 3));
        var claimed = claims.SelectMany(claim => claim).ToList();
        Assert.Equal(64, claimed.Count);
        Assert.Equal(64, claimed.Select(delivery => delivery.DeliveryId).Distinct().Count());
    }

    [Fact]
    public async Task A_claim_takes_the_oldest_of_its_own_lane_with_all_that_is_known_of_the_upload()
    {
        var (first, second) = (LedgerSamples.NewId(), LedgerSamples.NewId());
        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(first, new("edav", "edav", "a"), new("ehdi", "ehdi", "b")), Stop);
        Clock.Advance(TimeSpan.FromSeconds(1));
        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(second, new NewDelivery("edav", "edav", "c")), Stop);

        var claimed = Assert.Single(await Ledger.ClaimDeliveriesAsync("edav", 1, "me", Lease, Stop));

        Assert.Equal((first, DeliveryState.Running, 0), (claimed.UploadId, claimed.State, claimed.Attempts));
        Assert.Equal(LedgerSamples.Upload(first).Manifest, claimed.Upload!.Manifest);
        var queue = await Ledger.ReadQueueAsync(Stop);
        Assert.Equal((2, 1), (queue.Waiting, queue.Running));
    }

    [Fact]
    public async Task A_failed_attempt_waits_for_its_time()
    {
        var uploadId = LedgerSamples.NewId();
        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a")), Stop);
        var claimed = Assert.Single(await Ledger.ClaimDeliveriesAsync("edav", 9, "me", Lease, Stop));
        var due = Clock.GetUtcNow().AddSeconds(5);

        var batch = await Ledger.SettleDeliveryAsync(LedgerSamples.Failed(claimed, due), Stop);

        Assert.NotNull(batch);
        Assert.Empty(await Ledger.ClaimDeliveriesAsync("edav", 9, "me", Lease, Stop));
        Assert.Equal(due, (await Ledger.ReadQueueAsync(Stop)).NextDue);
        Clock.Advance(TimeSpan.FromSeconds(5));
        var again = Assert.Single(await Ledger.ClaimDeliveriesAsync("edav", 9, "me", Lease, Stop));
        Assert.Equal((1, "target is \"away\""), (again.Attempts, again.LastError));
        var attempt = Assert.Single(await Ledger.ListAttemptsAsync(uploadId, Stop));
        Assert.Equal(new AttemptIssue("ERROR", "target is \"away\""), Assert.Single(attempt.Issues));
    }

    [Fact]
    public async Task A_delivery_that_is_done_is_never_claimed_again()
    {
        var uploadId = LedgerSamples.NewId();
        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a")), Stop);
        var claimed = Assert.Single(await Ledger.ClaimDeliveriesAsync("edav", 9, "me", Lease, Stop));

        await Ledger.SettleDeliveryAsync(LedgerSamples.Succeeded(claimed), Stop);
        await Ledger.ReclaimDeliveriesAsync(all: true, Stop);

        Assert.Empty(await Ledger.ClaimDeliveriesAsync("edav", 9, "me", Lease, Stop));
        Assert.Equal(DeliveryState.Done, Assert.Single(await Ledger.ListDeliveriesAsync(uploadId, Stop)).State);
        Assert.Null(await Ledger.SettleDeliveryAsync(LedgerSamples.Succeeded(claimed), Stop));
    }

    [Fact]
    public async Task A_claim_whose_lease_is_over_goes_to_the_next_and_the_first_may_not_settle_it()
    {
        var uploadId = LedgerSamples.NewId();
        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a")), Stop);
        var lost = Assert.Single(await Ledger.ClaimDeliveriesAsync("edav", 9, "frozen", Lease, Stop));

        Clock.Advance(Lease - TimeSpan.FromSeconds(1));
        Assert.Equal(0, await Ledger.ReclaimDeliveriesAsync(all: false, Stop));
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await Ledger.ReclaimDeliveriesAsync(all: false, Stop));
        var taken = Assert.Single(await Ledger.ClaimDeliveriesAsync("edav", 9, "other", Lease, Stop));

        Assert.Null(await Ledger.SettleDeliveryAsync(LedgerSamples.Succeeded(lost), Stop));
        Assert.Empty(await Ledger.ListAttemptsAsync(uploadId, Stop));
        Assert.NotNull(await Ledger.SettleDeliveryAsync(LedgerSamples.Succeeded(taken), Stop));
    }

    [Fact]
    public async Task A_renewed_claim_holds_on()
    {
        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(LedgerSamples.NewId(), new NewDelivery("edav", "edav", "a")), Stop);
        await Ledger.ClaimDeliveriesAsync("edav", 9, "me", Lease, Stop);
        Clock.Advance(TimeSpan.FromSeconds(20));

        await Ledger.RenewClaimsAsync("me", Lease, Stop);
        Clock.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(0, await Ledger.ReclaimDeliveriesAsync(all: false, Stop));
    }

    [Fact]
    public async Task Released_claims_are_waiting_again_as_if_never_claimed()
    {
        var uploadId = LedgerSamples.NewId();
        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a")), Stop);
        await Ledger.ClaimDeliveriesAsync("edav", 9, "me", Lease, Stop);

        await Ledger.ReleaseClaimsAsync("somebody else", Stop);
        Assert.Empty(await Ledger.ClaimDeliveriesAsync("edav", 9, "next", Lease, Stop));
        await Ledger.ReleaseClaimsAsync("me", Stop);

        Assert.Equal(0, Assert.Single(await Ledger.ClaimDeliveriesAsync("edav", 9, "next", Lease, Stop)).Attempts);
    }

    [Fact]
    public async Task Requeueing_starts_a_new_run_and_only_once()
    {
        var uploadId = LedgerSamples.NewId();
        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a")), Stop);
        var running = Assert.Single(await Ledger.ClaimDeliveriesAsync("edav", 9, "me", Lease, Stop));
        var again = new NewDelivery("edav", "edav", "b", SourceUrl: uploadId);
        var message = LedgerSamples.Message(uploadId, "FileReady");

        var batches = new[]
        {
            await Ledger.RequeueDeliveryAsync(again, uploadId, [message], Stop),
            await Ledger.RequeueDeliveryAsync(again, uploadId, [message], Stop),
        };

        Assert.NotNull(batches[0]);
        Assert.Null(batches[1]);
        Assert.Null(await Ledger.SettleDeliveryAsync(LedgerSamples.Succeeded(running), Stop));
        var claimed = Assert.Single(await Ledger.ClaimDeliveriesAsync("edav", 9, "me", Lease, Stop));
        Assert.Equal(("b", uploadId, 0), (claimed.Path, claimed.SourceUrl, claimed.Attempts));
    }

    [Fact]
    public async Task Requeueing_leaves_an_equal_attempt_that_is_running_to_tell_its_end()
    {
        var uploadId = LedgerSamples.NewId();
        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a")), Stop);
        var running = Assert.Single(await Ledger.ClaimDeliveriesAsync("edav", 9, "me", Lease, Stop));
        var again = new NewDelivery("edav", "edav", "a", SourceUrl: uploadId);

        var beside = await Ledger.RequeueDeliveryAsync(again, uploadId, [], Stop);
        var settled = await Ledger.SettleDeliveryAsync(LedgerSamples.Succeeded(running), Stop);
        var afterwards = await Ledger.RequeueDeliveryAsync(again, uploadId, [], Stop);

        Assert.Null(beside);
        Assert.NotNull(settled);
        Assert.NotNull(afterwards);
        Assert.Single(await Ledger.ListAttemptsAsync(uploadId, Stop));
    }

    [Fact]
    public async Task Requeueing_takes_over_from_an_attempt_whose_lease_is_over()
    {
        var uploadId = LedgerSamples.NewId();
        await Ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a")), Stop);
        await Ledger.ClaimDeliveriesAsync("edav", 9, "frozen", Lease, Stop);
        Clock.Advance(Lease + TimeSpan.FromSeconds(1));

        Assert.NotNull(await Ledger.RequeueDeliveryAsync(new NewDelivery("edav", "edav", "a", SourceUrl: uploadId), uploadId, [], Stop));
    }

    [Fact]
    public async Task An_upload_the_ledger_does_not_know_can_be_redelivered()
    {
        var uploadId = LedgerSamples.NewId();

        await Ledger.RequeueDeliveryAsync(new NewDelivery("edav", "edav", "a", uploadId), uploadId, [], Stop);

        Assert.Null(Assert.Single(await Ledger.ClaimDeliveriesAsync("edav", 1, "me", Lease, Stop)).Upload);
    }

    [Fact]
    public async Task The_outbox_gives_messages_back_in_order_until_they_are_forgotten()
    {
        var uploadId = LedgerSamples.NewId();
        var first = await Ledger.QueueMessagesAsync([LedgerSamples.Message(uploadId, "one", "{\"é\":\"💾\"}"), LedgerSamples.Message(uploadId, "two")], Stop);
        var second = await Ledger.QueueMessagesAsync([LedgerSamples.Message(uploadId, "three")], Stop);

        var all = await Ledger.ReadOutboxAsync(0, 10, Stop);
        var rest = await Ledger.ReadOutboxAsync(first.Sequence, 10, Stop);
        Ledger.ForgetMessages(first.Sequence);
        var third = await Ledger.QueueMessagesAsync([LedgerSamples.Message(uploadId, "four")], Stop);

        Assert.Equal(["one", "two", "three"], all.SelectMany(batch => batch.Messages).Select(message => message.Type));
        Assert.Equal("{\"é\":\"💾\"}"u8, all[0].Messages[0].Json.Span);
        Assert.Equal(second.Sequence, Assert.Single(rest).Sequence);
        Assert.True(first.Sequence < second.Sequence && second.Sequence < third.Sequence);
        Assert.Equal([second.Sequence, third.Sequence], (await Ledger.ReadOutboxAsync(0, 10, Stop)).Select(batch => batch.Sequence));
    }

    [Fact]
    public async Task Numbers_rise_even_when_the_outbox_runs_empty()
    {
        var uploadId = LedgerSamples.NewId();
        var first = await Ledger.QueueMessagesAsync([LedgerSamples.Message(uploadId, "one")], Stop);
        Ledger.ForgetMessages(first.Sequence);
        await Ledger.RecordCreationAsync(LedgerSamples.Upload(uploadId), [], Stop);

        var second = await Ledger.QueueMessagesAsync([LedgerSamples.Message(uploadId, "two")], Stop);

        Assert.True(second.Sequence > first.Sequence);
    }

    [Fact]
    public async Task Nothing_to_queue_takes_no_number()
    {
        Assert.Equal(0, (await Ledger.QueueMessagesAsync([], Stop)).Sequence);
        Assert.Equal(0, (await Ledger.RecordCreationAsync(LedgerSamples.Upload(LedgerSamples.NewId()), [], Stop)).Sequence);
    }

    [Fact]
    public async Task Thirty_two_callers_at_once_all_read_what_they_wrote()
    {
        await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                var uploadId = LedgerSamples.NewId();
                await Ledger.RecordCreationAsync(LedgerSamples.Upload(uploadId), [LedgerSamples.Message(uploadId, "upload-started")], Stop);
                Assert.NotNull(await Ledger.FindUploadAsync(uploadId, Stop));
                await Ledger.CompleteUploadAsync(LedgerSamples.Completion(uploadId, new NewDelivery("edav", "edav", "a")), Stop);
                Assert.Single(await Ledger.ListDeliveriesAsync(uploadId, Stop));
            }
        }, Stop)));

        Assert.Equal(640, (await Ledger.ReadQueueAsync(Stop)).Waiting);
        var sequences = (await Ledger.ReadOutboxAsync(0, 10_000, Stop)).Select(batch => batch.Sequence).ToList();
        Assert.Equal(1280, sequences.Distinct().Count());
    }
}
