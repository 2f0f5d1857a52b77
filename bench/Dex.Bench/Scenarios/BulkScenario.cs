using System.Collections.Concurrent;
using System.Diagnostics;
using Dex.Bench.Load;

namespace Dex.Bench.Scenarios;

/// <summary>Uploads of many bytes: some at once, each in one or more PATCHes.</summary>
internal sealed class BulkScenario(string name, int uploads, long uploadBytes, long patchBytes, string description) : Scenario
{
    public override string Name => name;

    public override string Description => description;

    public override LoadOutcome Run(LoadJob job)
    {
        var length = Math.Max(uploadBytes / job.Divisor, 1);
        var stored = new ConcurrentBag<StoredUpload>();
        var latencies = new Latencies();
        var clock = Stopwatch.StartNew();

        LoadThreads.Run(uploads, job.Processor, _ =>
        {
            var own = new Latencies();
            stored.Add(Upload(job, length, own));
            lock (latencies)
                latencies.Add(own);
        });

        return new LoadOutcome
        {
            Operations = latencies.Count,
            Bytes = length * uploads,
            Elapsed = clock.Elapsed,
            Latencies = patchBytes < uploadBytes ? latencies : null,
            Finished = uploads,
            Uploads = [.. stored],
        };
    }

    private StoredUpload Upload(LoadJob job, long length, Latencies latencies)
    {
        using var connection = new TusConnection(job.Target);
        connection.SendCreation(length);
        connection.Expect(201);
        for (long offset = 0; offset < length;)
        {
            var bytes = Math.Min(patchBytes, length - offset);
            var started = Stopwatch.GetTimestamp();
            connection.SendPatch(offset, bytes);
            connection.SendContent(job.Payload, offset, bytes);
            offset += bytes;
            connection.Expect(204);
            connection.RequireOffset(offset);
            latencies.Record(Stopwatch.GetElapsedTime(started));
        }

        return new StoredUpload(connection.UploadId, length);
    }
}
