using Dex.Bench.Load;
using Dex.Bench.Measuring;

namespace Dex.Bench.Scenarios;

/// <summary>What a connection of a <see cref="Crowd"/> costs in memory.</summary>
internal sealed class HeldConnections(string name, bool trickles, string description) : Scenario
{
    private const int FirstConnections = 100;

    public override string Name => name;

    public override string Description => description;

    public override bool HasSmallFiles => true;

    public override bool CountsProcessor => false;

    public override bool WantsFreshServer => true;

    public override LoadOutcome Run(LoadJob job)
    {
        var server = job.Server ?? throw new InvalidOperationException($"Scenario {name} measures memory, so it needs the server's process.");

        // What a server needs once, for the first connections, is not counted against all of them.
        long before = 0, during = 0;
        LoadThreads.Run(1, job.Processor, _ =>
        {
            Hold(job, Math.Min(FirstConnections, job.HeldConnections), server);
            server.WaitUntilQuiet();
            before = server.ResidentBytes;
            during = Hold(job, job.HeldConnections, server);
        });

        return new LoadOutcome
        {
            Operations = job.HeldConnections,
            Also = new Dictionary<Figure, double> { [Figure.ResidentKibibytesPerConnection] = (during - before) / 1024.0 / job.HeldConnections },
        };
    }

    private long Hold(LoadJob job, int count, ProcessMeter server)
    {
        using var crowd = new Crowd(job, trickles);
        crowd.Gather(count);
        crowd.Live(job.Duration);
        return server.ResidentBytes;
    }
}
