using Dex.UploadServer.Delivery;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Tests.Delivery;

/// <summary>spec: reliability.md 4.1, R1–R4 and Q5.</summary>
public sealed class RetryTests
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_failed_delivery_is_tried_after_1_5_and_25_seconds_and_then_given_up()
    {
        await using var rig = new DeliveryRig("edav");
        rig["edav"].Failure = () => new IOException("no space left on device");
        await rig.StartAsync();

        var upload = await rig.CompleteAsync("edav");
        await DeliveryRig.UntilAsync(async () => (await rig.AttemptsAsync(upload)).Count == 1);
        await rig.AdvanceUntilAsync(async () => (await rig.DeliveryAsync(upload, "edav")).State == DeliveryState.Dead, TimeSpan.FromMinutes(2));

        var attempts = await rig.AttemptsAsync(upload);
        Assert.Equal(4, attempts.Count);
        Assert.All(attempts, attempt => Assert.Equal("no space left on device", Assert.Single(attempt.Issues).Message));
        int[] waits = [1, 5, 25];
        for (var retry = 1; retry < attempts.Count; retry++)
            Assert.InRange(attempts[retry].EndedAt - attempts[retry - 1].EndedAt, TimeSpan.FromSeconds(waits[retry - 1]), TimeSpan.FromSeconds(waits[retry - 1]) + Tolerance);
        Assert.Equal(4, rig.Outbox.Sent.Count);
    }

    [Fact]
    public async Task Failures_are_told_before_the_success_that_follows()
    {
        await using var rig = new DeliveryRig("edav");
        rig["edav"].Failure = () => new IOException("away");
        await rig.StartAsync();

        var upload = await rig.CompleteAsync("edav");
        await DeliveryRig.UntilAsync(async () => (await rig.AttemptsAsync(upload)).Count == 1);
        rig["edav"].Failure = null;
        await rig.AdvanceUntilAsync(async () => (await rig.DeliveryAsync(upload, "edav")).State == DeliveryState.Done, TimeSpan.FromSeconds(3));

        var attempts = await rig.AttemptsAsync(upload);
        Assert.Equal([false, true], attempts.Select(attempt => attempt.Succeeded));
        Assert.Equal(["", $"there/2025/{upload}"], attempts.Select(attempt => attempt.Location));
        await DeliveryRig.UntilAsync(() => Task.FromResult(rig.Outbox.Sent.Count == 2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task A_clock_put_back_by_a_day_holds_up_no_retry(int uploads)
    {
        await using var rig = new DeliveryRig("edav");
        rig.Settings.MaxRetries = 100;
        rig["edav"].Failure = () => new IOException("away");
        await rig.StartAsync();
        var ids = new List<string>();
        for (var i = 0; i < uploads; i++)
            ids.Add(await rig.CompleteAsync("edav"));
        await DeliveryRig.UntilAsync(async () => (await rig.AttemptsAsync(ids[0])).Count == 1);

        rig.Clock.PutBack(TimeSpan.FromDays(1));
        rig["edav"].Failure = null;

        foreach (var id in ids)
            await rig.AdvanceUntilAsync(async () => (await rig.DeliveryAsync(id, "edav")).State == DeliveryState.Done, TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_refused_delivery_is_given_up_at_once()
    {
        await using var rig = new DeliveryRig("edav");
        rig["edav"].Failure = () => new DeliveryRefusedException("access denied");
        await rig.StartAsync();

        var upload = await rig.CompleteAsync("edav");

        await rig.UntilStateAsync(upload, "edav", DeliveryState.Dead);
        Assert.Equal("access denied", Assert.Single(Assert.Single(await rig.AttemptsAsync(upload)).Issues).Message);
    }

    [Fact]
    public async Task A_delivery_to_a_target_that_is_not_configured_is_given_up_with_a_reason()
    {
        await using var rig = new DeliveryRig("edav");
        var waiting = await rig.CompleteAsync("gone");
        await rig.StartAsync();

        var later = await rig.CompleteAsync("vanished");

        await rig.UntilStateAsync(waiting, "gone", DeliveryState.Dead);
        await rig.UntilStateAsync(later, "vanished", DeliveryState.Dead);
        Assert.Equal("failed to get destination for file delivery gone", Assert.Single(Assert.Single(await rig.AttemptsAsync(waiting)).Issues).Message);
    }

    [Fact]
    public async Task A_missing_source_is_a_failure_that_says_so()
    {
        await using var rig = new DeliveryRig("edav");
        rig.Source.IsEmpty = true;
        await rig.StartAsync();

        var upload = await rig.CompleteAsync("edav");

        await DeliveryRig.UntilAsync(async () => (await rig.AttemptsAsync(upload)).Count == 1);
        Assert.Equal("source file does not exist", Assert.Single((await rig.AttemptsAsync(upload))[0].Issues).Message);
        Assert.Empty(rig["edav"].Started);
    }

    [Fact]
    public async Task A_target_that_asks_for_a_pause_gets_it()
    {
        await using var rig = new DeliveryRig("edav");
        rig["edav"].Failure = () => new DeliveryPostponedException("slow down", TimeSpan.FromMinutes(3));
        await rig.StartAsync();

        var upload = await rig.CompleteAsync("edav");

        await DeliveryRig.UntilAsync(async () => (await rig.AttemptsAsync(upload)).Count == 1);
        Assert.Equal(rig.Clock.GetUtcNow() + TimeSpan.FromMinutes(3), (await rig.DeliveryAsync(upload, "edav")).NextAttemptAt);
    }

    [Fact]
    public async Task A_target_that_does_nothing_for_thirty_seconds_has_failed()
    {
        await using var rig = new DeliveryRig("edav");
        rig["edav"].Hangs = true;
        await rig.StartAsync();

        var upload = await rig.CompleteAsync("edav");
        await DeliveryRig.UntilAsync(() => Task.FromResult(rig["edav"].Running == 1));
        var waited = await rig.AdvanceUntilAsync(async () => (await rig.AttemptsAsync(upload)).Count == 1, TimeSpan.FromMinutes(1));

        Assert.InRange(waited, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(33));
        Assert.Equal("no progress for 30 s", Assert.Single((await rig.AttemptsAsync(upload))[0].Issues).Message);
    }

    [Fact]
    public async Task An_attempt_may_be_bounded_in_all()
    {
        await using var rig = new DeliveryRig("edav");
        rig.Settings.Timeout = TimeSpan.FromSeconds(7);
        rig["edav"].Hangs = true;
        await rig.StartAsync();

        var upload = await rig.CompleteAsync("edav");
        await DeliveryRig.UntilAsync(() => Task.FromResult(rig["edav"].Running == 1));
        var waited = await rig.AdvanceUntilAsync(async () => (await rig.AttemptsAsync(upload)).Count == 1, TimeSpan.FromMinutes(1));

        Assert.InRange(waited, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(9));
        Assert.Equal("not delivered within 7 s", Assert.Single((await rig.AttemptsAsync(upload))[0].Issues).Message);
    }
}
