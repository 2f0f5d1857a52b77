using Dex.Bench.Load;
using Dex.Bench.Measuring;

namespace Dex.Bench.Scenarios;

/// <summary>Thousands of connections that do nothing after a request, or send an upload's bytes a few at a time: what one costs in memory.</summary>
internal sealed class HeldConnections(string name, bool trickles, string description) : Scenario
{
    private const int FirstConnections = 100;
    private const int TrickleBytes = 256;
    private const int TrickleLength = 1 << 20;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    public override string Name => name;

    public override string Description => description;

    public override bool HasSmallFiles => true;

    public override bool CountsProcessor => false;

    public override bool WantsFreshServer => true;

    public override LoadOutcome Run(LoadJob job)
    {
        if (job.Server is not { } server)
            throw new InvalidOperationException($"Scenario {name} measures memory, so it needs the server's process.");

        // What a server needs once, for the first connections, is not counted against all of them.
        long before = 0, during = 0;
        LoadThreads.Run(1, job.Processor, _ =>
        {
            Hold(job with { HeldConnections = Math.Min(FirstConnections, job.HeldConnections) }, server);
            server.WaitUntilQuiet();
            before = server.ResidentBytes;
            during = Hold(job, server);
        });
        return new LoadOutcome
        {
            Operations = job.HeldConnections,
            Also = new Dictionary<Figure, double> { [Figure.ResidentKibibytesPerConnection] = (during - before) / 1024.0 / job.HeldConnections },
        };
    }

    private long Hold(LoadJob job, ProcessMeter server)
    {
        var connections = new List<TusConnection>(job.HeldConnections);
        try
        {
            for (var number = 0; number < job.HeldConnections; number++)
                connections.Add(Open(job));

            for (var waited = TimeSpan.Zero; waited < job.Duration; waited += Beat)
            {
                Thread.Sleep(Beat);
                if (trickles)
                    connections.ForEach(connection => connection.SendRaw(job.Payload.Small.AsSpan(0, TrickleBytes)));
            }

            return server.ResidentBytes;
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }
    }

    private TusConnection Open(LoadJob job)
    {
        var connection = new TusConnection(job.Target);
        if (!trickles)
        {
            connection.SendOptions();
            while (!connection.Receive())
            {
            }

            return connection;
        }

        connection.SendCreation(TrickleLength);
        connection.Expect(201);
        connection.SendPatch(0, TrickleLength, job.Payload.Small.AsSpan(0, TrickleBytes));
        return connection;
    }
}
