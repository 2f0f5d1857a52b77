using System.Collections.Immutable;
using Dex.Testing;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Tests.Ledger;

/// <summary>Deliveries that messages of a broker order, in every ledger (docs/adr/0018).</summary>
public abstract class OrderContract
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private readonly string _id = LedgerSamples.NewId();

    private protected abstract ILedger Ledger { get; }

    private protected ManualClock Clock { get; } = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_posted_delivery_is_claimed_only_after_its_message_has_come()
    {
        await CompleteAsync();
        await Ledger.HastenDeliveriesAsync("edav", Stop);
        var before = await ClaimAsync();

        var accepted = await AcceptAsync("m");
        var claimed = Assert.Single(await ClaimAsync());

        Assert.Empty(before);
        Assert.Equal(OrderVerdict.UnderWay, accepted.Verdict);
        Assert.Equal((accepted.DeliveryId, "m", "a/b"), (claimed.DeliveryId, claimed.MessageId, claimed.Path));
        Assert.NotNull(claimed.Upload);
    }

    [Fact]
    public async Task An_order_for_an_unknown_upload_is_taken_with_the_manifest_of_its_message()
    {
        var accepted = await AcceptAsync("m");

        var claimed = Assert.Single(await ClaimAsync());

        Assert.Equal(OrderVerdict.UnderWay, accepted.Verdict);
        Assert.Null(claimed.Upload);
        Assert.Equal("me", claimed.OrderedManifest!["sender_id"]);
        Assert.Equal(("theirs", 2), (claimed.Path, claimed.Attempts));
    }

    [Fact]
    public async Task Where_a_file_goes_is_what_was_decided_when_it_was_finished_whatever_a_message_says()
    {
        await CompleteAsync();

        await AcceptAsync("m");

        Assert.Equal("a/b", Assert.Single(await ClaimAsync()).Path);
    }

    [Fact]
    public async Task A_second_message_for_what_is_under_way_changes_nothing()
    {
        await CompleteAsync();
        await AcceptAsync("m");
        var claimed = Assert.Single(await ClaimAsync());

        var second = await AcceptAsync("other");

        Assert.Equal(new AcceptedOrder(OrderVerdict.UnderWay, claimed.DeliveryId), second);
        Assert.Empty(await ClaimAsync());
        Assert.NotNull(await Ledger.SettleDeliveryAsync(LedgerSamples.Succeeded(claimed), Stop));
    }

    [Fact]
    public async Task Once_delivered_no_message_has_it_delivered_again_unless_it_orders_a_redelivery()
    {
        await DeliverAsync("m");

        var same = await AcceptAsync("m");
        var another = await AcceptAsync("other");
        var redelivery = await AcceptAsync("route", sourceUrl: _id);
        var claimed = Assert.Single(await ClaimAsync());
        await Ledger.SettleDeliveryAsync(LedgerSamples.Succeeded(claimed), Stop);
        var again = await AcceptAsync("route", sourceUrl: _id);

        Assert.Equal((OrderVerdict.Settled, OrderVerdict.Settled, OrderVerdict.UnderWay, OrderVerdict.Settled), (same.Verdict, another.Verdict, redelivery.Verdict, again.Verdict));
        Assert.Equal((_id, "theirs", 2), (claimed.SourceUrl, claimed.Path, claimed.Attempts));
    }

    [Fact]
    public async Task A_late_repetition_of_the_first_message_does_not_take_the_place_of_a_redeliverys()
    {
        await DeliverAsync("m");
        await Ledger.RequeueDeliveryAsync(new NewDelivery("edav", "edav", "c/d", _id, IsPosted: true), _id, [], Stop);

        var late = await AcceptAsync("m");
        var own = await AcceptAsync("route", sourceUrl: _id);

        Assert.Equal((OrderVerdict.Settled, OrderVerdict.UnderWay), (late.Verdict, own.Verdict));
    }

    [Fact]
    public async Task What_was_given_up_stays_so_for_its_message_and_is_tried_anew_for_another()
    {
        await CompleteAsync();
        await AcceptAsync("m");
        var claimed = Assert.Single(await ClaimAsync());
        await Ledger.SettleDeliveryAsync(LedgerSamples.Failed(claimed, Clock.GetUtcNow()) with { NewState = DeliveryState.Dead }, Stop);

        var same = await AcceptAsync("m");
        var before = await ClaimAsync();
        var another = await AcceptAsync("moved back from the dead letters");

        Assert.Equal((OrderVerdict.GivenUp, OrderVerdict.UnderWay), (same.Verdict, another.Verdict));
        Assert.Empty(before);
        Assert.Single(await ClaimAsync());
    }

    [Fact]
    public async Task A_failed_attempt_is_posted_again_and_goes_on_where_it_was_when_the_message_comes_back()
    {
        await CompleteAsync();
        await AcceptAsync("m");
        var claimed = Assert.Single(await ClaimAsync());
        await Ledger.SettleDeliveryAsync(LedgerSamples.Failed(claimed, Clock.GetUtcNow().AddSeconds(5)) with { NewState = DeliveryState.Posted }, Stop);
        var before = await ClaimAsync();

        await AcceptAsync("m");

        Assert.Empty(before);
        Assert.Equal(claimed.Attempts + 1, Assert.Single(await ClaimAsync()).Attempts);
    }

    [Fact]
    public async Task A_restart_gives_back_what_waited_or_ran_for_a_message_and_keeps_what_is_the_ledgers_own()
    {
        await CompleteAsync(new NewDelivery("own", "edav#own", "x"), new NewDelivery("edav", "edav", "a/b", IsPosted: true), new NewDelivery("ehdi", "ehdi", "a/b", IsPosted: true));
        await AcceptAsync("m");
        await AcceptAsync("n", target: "ehdi");
        await Ledger.ClaimDeliveriesAsync("edav#own", 9, "o", Lease, Stop);
        await ClaimAsync();

        await Ledger.ReclaimDeliveriesAsync(all: true, Stop);

        Assert.Equal([DeliveryState.Waiting, DeliveryState.Posted, DeliveryState.Posted], (await Ledger.ListDeliveriesAsync(_id, Stop)).Select(delivery => delivery.State));
    }

    [Fact]
    public async Task Claims_that_are_released_or_whose_lease_is_over_go_back_to_their_message()
    {
        await CompleteAsync();
        await AcceptAsync("m");
        await ClaimAsync();
        await Ledger.ReleaseClaimsAsync("o", Stop);
        var released = await StateAsync();
        await AcceptAsync("m");
        await ClaimAsync();
        Clock.Advance(Lease);
        await Ledger.ReclaimDeliveriesAsync(all: false, Stop);

        Assert.Equal((DeliveryState.Posted, DeliveryState.Posted), (released, await StateAsync()));
    }

    [Fact]
    public async Task Only_what_waits_for_its_own_message_can_be_returned_or_kept()
    {
        await CompleteAsync();
        var id = (await AcceptAsync("m")).DeliveryId;

        await Ledger.ReturnOrderAsync(id, "other", Stop);
        var keptForAnother = await Ledger.KeepOrderAsync(id, "other", Stop);
        var stays = await StateAsync();
        var kept = await Ledger.KeepOrderAsync(id, "m", Stop);
        await Ledger.ReturnOrderAsync(id, "m", Stop);

        Assert.Equal((false, DeliveryState.Waiting, true, DeliveryState.Waiting), (keptForAnother, stays, kept, await StateAsync()));
        Assert.Null(Assert.Single(await ClaimAsync()).MessageId);
    }

    [Fact]
    public async Task What_is_returned_is_posted_and_what_runs_is_not_returned()
    {
        await CompleteAsync();
        var id = (await AcceptAsync("m")).DeliveryId;
        await Ledger.ReturnOrderAsync(id, "m", Stop);
        var returned = await StateAsync();
        await AcceptAsync("m");
        await ClaimAsync();
        await Ledger.ReturnOrderAsync(id, "m", Stop);

        Assert.Equal((DeliveryState.Posted, DeliveryState.Running), (returned, await StateAsync()));
    }

    [Fact]
    public async Task A_terminated_upload_loses_its_posted_deliveries_and_a_message_for_it_has_nothing_to_do()
    {
        await CompleteAsync();
        await Ledger.TerminateUploadAsync(_id, Clock.GetUtcNow(), Stop);

        Assert.Equal(new AcceptedOrder(OrderVerdict.Settled, 0), await AcceptAsync("m"));
        Assert.Empty(await Ledger.ListDeliveriesAsync(_id, Stop));
    }

    [Fact]
    public async Task A_recalled_delivery_is_the_ledgers_own_and_only_a_posted_one_is_recalled()
    {
        await CompleteAsync();

        var recalled = await Ledger.RecallOrderAsync(_id, "edav", Stop);
        var twice = await Ledger.RecallOrderAsync(_id, "edav", Stop);

        Assert.Equal((true, false), (recalled, twice));
        Assert.Null(Assert.Single(await ClaimAsync()).MessageId);
    }

    private async Task DeliverAsync(string messageId)
    {
        await CompleteAsync();
        await AcceptAsync(messageId);
        await Ledger.SettleDeliveryAsync(LedgerSamples.Succeeded(Assert.Single(await ClaimAsync())), Stop);
    }

    private Task CompleteAsync() => CompleteAsync(new NewDelivery("edav", "edav", "a/b", IsPosted: true));

    private async Task CompleteAsync(params NewDelivery[] deliveries) =>
        Assert.NotNull(await Ledger.CompleteUploadAsync(LedgerSamples.Completion(_id, deliveries), Stop));

    private Task<AcceptedOrder> AcceptAsync(string messageId, string sourceUrl = "", string target = "edav") => Ledger.AcceptOrderAsync(
        new DeliveryOrder(_id, new NewDelivery(target, target, "theirs", sourceUrl, AttemptsBefore: 2), messageId, ImmutableSortedDictionary<string, string>.Empty.Add("sender_id", "me")), Stop);

    private Task<IReadOnlyList<DeliveryRecord>> ClaimAsync() => Ledger.ClaimDeliveriesAsync("edav", 9, "o", Lease, Stop);

    private async Task<DeliveryState> StateAsync() => Assert.Single(await Ledger.ListDeliveriesAsync(_id, Stop)).State;
}
