using System.Diagnostics;
using Dex.Bench.Load;

namespace Dex.Bench.Scenarios;

/// <summary>Short exchanges on some connections at once, served by one thread: each connection begins the next when its last one is answered.</summary>
internal sealed class SmallScenario(string name, Func<LoadJob, SmallOperation> makeOperation, int bytes, string description) : Scenario
{
    private const int LookMilliseconds = 100;
    private const int Ignored = -1;

    public override string Name => name;

    public override string Description => description;

    public override bool HasSmallFiles => true;

    public override LoadOutcome Run(LoadJob job)
    {
        var latencies = new Latencies();
        var elapsed = TimeSpan.Zero;
        LoadThreads.Run(1, job.Processor, _ => elapsed = Run(job, latencies));
        return new LoadOutcome { Operations = latencies.Count, Bytes = latencies.Count * bytes, Elapsed = elapsed, Latencies = latencies };
    }

    private TimeSpan Run(LoadJob job, Latencies latencies)
    {
        var operation = makeOperation(job);
        var connections = Enumerable.Range(0, job.Connections).Select(_ => new TusConnection(job.Target)).ToArray();
        try
        {
            Array.ForEach(connections, operation.Prepare);
            return Run(connections, operation, job.Duration, job.MostOperations, latencies);
        }
        finally
        {
            Array.ForEach(connections, connection => connection.Dispose());
        }
    }

    private static TimeSpan Run(TusConnection[] connections, SmallOperation operation, TimeSpan duration, long most, Latencies latencies)
    {
        var watched = Array.ConvertAll(connections, connection => new Kernel.Watched { Descriptor = connection.Descriptor, Wanted = Kernel.Readable });
        var begun = new long[connections.Length];
        var started = Stopwatch.GetTimestamp();
        long operations = 0;
        var busy = 0;
        for (; busy < connections.Length && operations < most; busy++, operations++)
        {
            begun[busy] = Stopwatch.GetTimestamp();
            operation.Begin(connections[busy]);
        }

        while (busy > 0)
        {
            if (Kernel.Wait(watched, LookMilliseconds) == 0)
                continue;
            for (var number = 0; number < watched.Length; number++)
            {
                if (watched[number].Seen == 0 || !connections[number].Receive() || !operation.Continue(connections[number]))
                    continue;

                var now = Stopwatch.GetTimestamp();
                latencies.Record(Stopwatch.GetElapsedTime(begun[number], now));
                if (Stopwatch.GetElapsedTime(started, now) >= duration || operations >= most)
                {
                    busy--;
                    watched[number].Descriptor = Ignored;
                    continue;
                }

                operations++;
                begun[number] = now;
                operation.Begin(connections[number]);
            }
        }

        return Stopwatch.GetElapsedTime(started);
    }
}
