using System.Diagnostics;
using Dex.Bench.Load;

namespace Dex.Bench.Scenarios;

/// <summary>Short exchanges on some connections at once, served by one thread: each connection begins the next when its last one is answered.</summary>
internal sealed class SmallScenario(string name, Func<LoadJob, SmallOperation> makeOperation, string description) : Scenario
{
    private const int LookMilliseconds = 100;
    private const int Ignored = -1;

    public override string Name => name;

    public override string Description => description;

    public override bool HasSmallFiles => true;

    public override LoadOutcome Run(LoadJob job)
    {
        var outcome = new LoadOutcome();
        LoadThreads.Run(1, job.Processor, _ => outcome = RunHere(job));
        return outcome;
    }

    private LoadOutcome RunHere(LoadJob job)
    {
        var latencies = new Latencies();
        var operation = makeOperation(job);
        var connections = Enumerable.Range(0, job.Connections).Select(_ => new TusConnection(job.Target)).ToArray();
        try
        {
            Array.ForEach(connections, operation.Prepare);
            var elapsed = Run(job, operation, connections, latencies);
            var completes = operation.Completes > 0;
            return new LoadOutcome
            {
                Operations = latencies.Count,
                Bytes = latencies.Count * operation.Completes,
                Elapsed = elapsed,
                Latencies = latencies,
                Finished = completes ? latencies.Count : 0,
                Uploads = completes ? [.. connections.Where(connection => connection.HasUpload).Select(connection => new StoredUpload(connection.UploadId, operation.Completes))] : [],
            };
        }
        finally
        {
            Array.ForEach(connections, connection => connection.Dispose());
        }
    }

    private static TimeSpan Run(LoadJob job, SmallOperation operation, TusConnection[] connections, Latencies latencies)
    {
        var watched = Array.ConvertAll(connections, connection => new Kernel.Watched { Descriptor = connection.Descriptor, Wanted = Kernel.Readable });
        var begun = new long[connections.Length];
        var started = Stopwatch.GetTimestamp();
        long operations = 0;
        var busy = 0;
        for (; busy < connections.Length && operations < job.MostOperations; busy++, operations++)
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
                if (operations >= job.MostOperations || (operations >= job.LeastOperations && Stopwatch.GetElapsedTime(started, now) >= job.Duration))
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
