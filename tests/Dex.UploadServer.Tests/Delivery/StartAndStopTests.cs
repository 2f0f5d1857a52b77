using System.Diagnostics;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Tests.Delivery;

/// <summary>spec: reliability.md E1–E4, Q3 and Q4.</summary>
public sealed class StartAndStopTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_killed_process_was_carrying_is_carried_after_the_start()
    {
        await using var rig = new DeliveryRig("edav");
        var upload = await rig.CompleteAsync("edav");
        await rig.Ledger.ClaimDeliveriesAsync("edav", 1, "killed", TimeSpan.FromMinutes(1), Stop);

        await rig.StartAsync();

        await rig.UntilStateAsync(upload, "edav", DeliveryState.Done);
        Assert.Single(await rig.AttemptsAsync(upload));
    }

    [Fact]
    public async Task What_is_done_is_not_carried_again_after_a_restart()
    {
        await using var rig = new DeliveryRig("edav");
        await rig.StartAsync();
        var first = await rig.CompleteAsync("edav");
        await rig.UntilStateAsync(first, "edav", DeliveryState.Done);
        await rig.StopAsync();

        await rig.StartAsync();
        var second = await rig.CompleteAsync("edav");

        await rig.UntilStateAsync(second, "edav", DeliveryState.Done);
        Assert.Equal([first, second], rig["edav"].Delivered);
    }

    [Fact]
    public async Task A_retry_that_waits_survives_a_restart_with_its_count_and_time()
    {
        await using var rig = new DeliveryRig("edav");
        rig["edav"].Failure = () => new IOException("away");
        await rig.StartAsync();
        var upload = await rig.CompleteAsync("edav");
        await DeliveryRig.UntilAsync(async () => (await rig.AttemptsAsync(upload)).Count == 1);
        await rig.StopAsync();

        rig["edav"].Failure = null;
        await rig.StartAsync();
        var waited = await rig.AdvanceUntilAsync(async () => (await rig.DeliveryAsync(upload, "edav")).State == DeliveryState.Done, TimeSpan.FromSeconds(10));

        Assert.InRange(waited, TimeSpan.FromSeconds(0.8), TimeSpan.FromSeconds(6));
        Assert.Equal(2, (await rig.DeliveryAsync(upload, "edav")).Attempts);
    }

    [Fact]
    public async Task Stopping_lets_a_running_delivery_finish()
    {
        await using var rig = new DeliveryRig("edav");
        rig["edav"].Hangs = true;
        await rig.StartAsync();
        var upload = await rig.CompleteAsync("edav");
        await DeliveryRig.UntilAsync(() => Task.FromResult(rig["edav"].Running == 1));

        var stopping = rig.StopAsync();
        rig["edav"].LetGo();
        await stopping;

        Assert.Equal(DeliveryState.Done, (await rig.DeliveryAsync(upload, "edav")).State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stopping_hands_back_what_does_not_finish_without_counting_it(bool deaf)
    {
        await using var rig = new DeliveryRig("edav");
        rig["edav"].Hangs = true;
        rig["edav"].IsDeaf = deaf;
        await rig.StartAsync();
        var upload = await rig.CompleteAsync("edav");
        await DeliveryRig.UntilAsync(() => Task.FromResult(rig["edav"].Running == 1));

        var stopping = rig.StopAsync();
        var waited = await rig.AdvanceUntilAsync(() => Task.FromResult(stopping.IsCompleted), TimeSpan.FromSeconds(20));
        await stopping;

        var delivery = await rig.DeliveryAsync(upload, "edav");
        Assert.True(waited < TimeSpan.FromSeconds(8), $"It took {waited}.");
        Assert.Equal((DeliveryState.Waiting, 0), (delivery.State, delivery.Attempts));
        Assert.Empty(await rig.AttemptsAsync(upload));
    }

    [Fact]
    public async Task An_idle_worker_stops_at_once()
    {
        await using var rig = new DeliveryRig("one", "two");
        await rig.StartAsync();
        await rig.UntilStateAsync(await rig.CompleteAsync("one"), "one", DeliveryState.Done);

        var watch = Stopwatch.StartNew();
        await rig.StopAsync();

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"It took {watch.Elapsed}.");
    }

    [Fact]
    public async Task A_ledger_that_fails_for_a_while_costs_time_and_nothing_else()
    {
        await using var rig = new DeliveryRig("edav");
        var flaky = new FlakyLedger(rig.Ledger);
        rig.Front = flaky;
        await rig.StartAsync();
        await rig.UntilStateAsync(await rig.CompleteAsync("edav"), "edav", DeliveryState.Done);

        flaky.IsDown = true;
        var upload = await rig.CompleteAsync("edav");
        await rig.AdvanceUntilAsync(() => Task.FromResult(flaky.Refused > 2), TimeSpan.FromMinutes(1));
        flaky.IsDown = false;
        await rig.AdvanceUntilAsync(async () => (await rig.DeliveryAsync(upload, "edav")).State == DeliveryState.Done, TimeSpan.FromMinutes(2));

        Assert.True(Assert.Single(await rig.AttemptsAsync(upload)).Succeeded);
    }

    [Fact]
    public async Task A_delivery_whose_end_cannot_be_recorded_is_recorded_later_and_not_repeated()
    {
        await using var rig = new DeliveryRig("edav");
        var flaky = new FlakyLedger(rig.Ledger) { RefusesSettlements = true };
        rig.Front = flaky;
        await rig.StartAsync();
        var upload = await rig.CompleteAsync("edav");
        await rig.AdvanceUntilAsync(() => Task.FromResult(flaky.Refused > 2), TimeSpan.FromMinutes(3));

        flaky.RefusesSettlements = false;
        await rig.AdvanceUntilAsync(async () => (await rig.DeliveryAsync(upload, "edav")).State == DeliveryState.Done, TimeSpan.FromMinutes(1));

        Assert.Single(rig["edav"].Delivered);
    }

    [Fact]
    public async Task A_claim_that_outlives_its_lease_elsewhere_is_taken_over()
    {
        await using var rig = new DeliveryRig("edav");
        (rig.Settings.TargetConcurrency, rig.Settings.ProgressTimeout) = (1, TimeSpan.FromHours(1));
        rig["edav"].Hangs = true;
        await rig.StartAsync();
        await rig.CompleteAsync("edav");
        await DeliveryRig.UntilAsync(() => Task.FromResult(rig["edav"].Running == 1));
        var upload = await rig.CompleteAsync("edav");
        await rig.Ledger.ClaimDeliveriesAsync("edav", 1, "frozen", TimeSpan.FromSeconds(60), Stop);

        var waited = await rig.AdvanceUntilAsync(async () => (await rig.DeliveryAsync(upload, "edav")).State == DeliveryState.Waiting, TimeSpan.FromMinutes(3));
        rig["edav"].LetGo();
        await rig.UntilStateAsync(upload, "edav", DeliveryState.Done);

        Assert.InRange(waited, TimeSpan.FromSeconds(59), TimeSpan.FromSeconds(85));
    }

    [Fact]
    public async Task A_long_delivery_keeps_its_claim()
    {
        await using var rig = new DeliveryRig("edav");
        rig.Settings.ProgressTimeout = TimeSpan.FromHours(1);
        rig["edav"].Hangs = true;
        await rig.StartAsync();
        var upload = await rig.CompleteAsync("edav");
        await DeliveryRig.UntilAsync(() => Task.FromResult(rig["edav"].Running == 1));

        var start = rig.Clock.GetUtcNow();
        await rig.AdvanceUntilAsync(() => Task.FromResult(rig.Clock.GetUtcNow() > start + TimeSpan.FromMinutes(4)), TimeSpan.FromMinutes(5));
        rig["edav"].LetGo();
        await rig.UntilStateAsync(upload, "edav", DeliveryState.Done);

        Assert.Single(rig["edav"].Started);
    }
}
