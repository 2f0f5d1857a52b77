using Dex.Bench.Measuring;

namespace Dex.Bench.Scenarios;

/// <summary>An upload of 1 MiB, then one of 4 GiB: how much more memory the large one takes at its peak.</summary>
internal sealed class GrowthScenario : Scenario
{
    private const long SmallBytes = 1 << 20, LargeBytes = 4L << 30;

    public override string Name => "growth";

    public override string Description => "peak memory of one 4 GiB PATCH less that of one of 1 MiB";

    public override bool CountsProcessor => false;

    public override bool WantsFreshServer => true;

    public override LoadOutcome Run(LoadJob job)
    {
        var server = job.Server ?? throw new InvalidOperationException($"Scenario {Name} measures memory, so it needs the server's process.");
        var (small, smallPeak) = PeakOf(SmallBytes, job with { Divisor = 1 }, server);
        var (large, largePeak) = PeakOf(LargeBytes, job, server);
        return large with
        {
            Finished = 2,
            Uploads = [.. small.Uploads, .. large.Uploads],
            Also = new Dictionary<Figure, double> { [Figure.ResidentGrowthMebibytes] = (largePeak - smallPeak) / (double)(1 << 20) },
        };
    }

    private static (LoadOutcome Outcome, long Peak) PeakOf(long bytes, LoadJob job, ProcessMeter server)
    {
        server.WaitUntilQuiet();
        server.ResetPeak();
        var outcome = new BulkScenario("", 1, bytes, bytes, "").Run(job);
        return (outcome, server.PeakResidentBytes);
    }
}
