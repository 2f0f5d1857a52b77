using Dex.Bench.Load;
using Dex.Bench.Measuring;

namespace Dex.Bench.Scenarios;

/// <summary>A large upload alone, then beside a crowd of which one half rests and the other half trickles.</summary>
internal sealed class CrowdedScenario(BulkScenario bulk) : Scenario
{
    private const int Uploads = 3;

    public override string Name => "crowded";

    public override string Description => $"{bulk.Description}, beside resting and trickling connections; speed as a share of that without them";

    public override bool CountsProcessor => false;

    public override bool WantsFreshServer => true;

    public override LoadOutcome Run(LoadJob job)
    {
        bulk.Run(job); // the first one is slow
        var alone = RunSome(job);
        List<LoadOutcome> beside = [];
        using var resting = new Crowd(job, trickles: false);
        using var trickling = new Crowd(job, trickles: true);
        resting.Gather(job.HeldConnections / 2);
        trickling.Gather(job.HeldConnections / 2);
        using var over = new ManualResetEventSlim();

        LoadThreads.Run(2, job.Processor, number =>
        {
            if (number == 0)
            {
                while (!over.Wait(Crowd.Beat))
                    trickling.SendBeat();
                return;
            }

            try
            {
                beside = RunSome(job);
            }
            finally
            {
                over.Set();
            }
        });

        return new LoadOutcome
        {
            Operations = Uploads,
            Finished = 1 + alone.Count + beside.Count,
            Also = new Dictionary<Figure, double> { [Figure.KeptSpeedShare] = Fastest(alone) / Fastest(beside) },
        };
    }

    private List<LoadOutcome> RunSome(LoadJob job) => [.. Enumerable.Range(0, Uploads).Select(_ => bulk.Run(job))];

    private static TimeSpan Fastest(IEnumerable<LoadOutcome> outcomes) => outcomes.Min(outcome => outcome.Elapsed);
}
