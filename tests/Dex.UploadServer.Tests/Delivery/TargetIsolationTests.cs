using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Tests.Delivery;

/// <summary>spec: reliability.md R5 and R6.</summary>
public sealed class TargetIsolationTests
{
    [Fact]
    public async Task Two_targets_that_hang_delay_no_third()
    {
        await using var rig = new DeliveryRig("one", "two", "three");
        rig["one"].Hangs = rig["one"].IsDeaf = rig["two"].Hangs = rig["two"].IsDeaf = true;
        await rig.StartAsync();

        List<string> uploads = [];
        for (var i = 0; i < 20; i++)
            uploads.Add(await rig.CompleteAsync("one", "two", "three"));

        foreach (var upload in uploads)
            await rig.UntilStateAsync(upload, "three", DeliveryState.Done);
        Assert.Equal(4, rig["one"].Started.Count);
        Assert.Equal(4, rig["two"].MostAtOnce);
    }

    [Theory]
    [InlineData(5, 4, 4)]
    [InlineData(2, 4, 2)]
    [InlineData(50, 10, 10)]
    public async Task So_many_deliveries_run_at_once_as_both_settings_allow(int workers, int concurrency, int expected)
    {
        await using var rig = new DeliveryRig("edav");
        (rig.Settings.Workers, rig.Settings.TargetConcurrency) = (workers, concurrency);
        rig["edav"].Hangs = true;
        await rig.StartAsync();

        for (var i = 0; i < 12; i++)
            await rig.CompleteAsync("edav");
        await DeliveryRig.UntilAsync(() => Task.FromResult(rig["edav"].Running == expected));
        rig["edav"].LetGo();

        await DeliveryRig.UntilAsync(() => Task.FromResult(rig["edav"].Delivered.Count == 12));
        Assert.Equal(expected, rig["edav"].MostAtOnce);
    }

    [Fact]
    public async Task A_target_that_is_down_for_long_is_probed_and_gets_everything_when_it_is_back()
    {
        await using var rig = new DeliveryRig("edav");
        rig["edav"].Failure = () => new IOException("away");
        await rig.StartAsync();
        List<string> uploads = [];
        for (var i = 0; i < 60; i++)
            uploads.Add(await rig.CompleteAsync("edav"));
        var start = rig.Clock.GetUtcNow();

        await rig.AdvanceUntilAsync(() => Task.FromResult(rig.Clock.GetUtcNow() > start + TimeSpan.FromMinutes(5)), TimeSpan.FromMinutes(6));
        var probes = rig["edav"].Started.Count;
        rig["edav"].Failure = null;
        var waited = await rig.AdvanceUntilAsync(() => Task.FromResult(rig["edav"].Delivered.Count == 60), TimeSpan.FromMinutes(2));

        Assert.InRange(probes, 6, 20);
        Assert.True(waited <= TimeSpan.FromSeconds(61), $"It took {waited}.");
        foreach (var upload in uploads)
            await rig.UntilStateAsync(upload, "edav", DeliveryState.Done);
    }

    [Fact]
    public async Task A_source_at_fault_is_not_held_against_the_target()
    {
        await using var rig = new DeliveryRig("edav");
        rig.Source.IsEmpty = true;
        await rig.StartAsync();
        for (var i = 0; i < 4; i++)
        {
            var broken = await rig.CompleteAsync("edav");
            await DeliveryRig.UntilAsync(async () => (await rig.AttemptsAsync(broken)).Count == 1);
        }

        rig.Source.IsEmpty = false;
        var upload = await rig.CompleteAsync("edav");

        await rig.UntilStateAsync(upload, "edav", DeliveryState.Done);
    }
}
