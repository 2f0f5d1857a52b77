using System.Collections.Immutable;
using System.Diagnostics;
using System.Security.Cryptography;
using Dex.Bench.Comparing;
using Dex.Bench.Deliveries;
using Dex.Bench.Load;
using Dex.Bench.Reporting;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dex.Bench.Commands;

/// <summary><c>deliveries</c>: carries a file to S3, and from S3 to S3, in parallel parts, in one stream and by the store itself, in turn.</summary>
internal static class DeliveriesCommand
{
    private const double Gibibyte = 1 << 30;

    private static readonly (string Name, bool FromS3, Action<TransferOptions> Set)[] s_ways =
    [
        ("file → S3, one stream", false, options => options.ParallelParts = 1),
        ("file → S3", false, _ => { }),
        ("S3 → S3, one stream", true, options => (options.ParallelParts, options.ServerSideCopy) = (1, false)),
        ("S3 → S3", true, options => options.ServerSideCopy = false),
        ("S3 → S3 by the store", true, _ => { }),
    ];

    public static async Task<int> RunAsync(Arguments arguments)
    {
        arguments.Allow(["mebibytes", "latency", "rounds", "markdown", .. Placement.Options]);
        var latency = TimeSpan.FromMilliseconds(arguments.Integer("latency") ?? 20);
        var file = Path.Combine(Placement.Read(arguments).LargeFolder, $"{Guid.NewGuid()}");
        var output = new Output(arguments.Text("markdown"));
        try
        {
            await WriteAsync(file, arguments.Integer("mebibytes") ?? 1024);
            using var store = ObjectStore.Start(latency);
            await store.MakeBucketAsync();
            await DeliverAsync(store, new LocalSource(file), _ => { }, $"tus-prefix/{Path.GetFileName(file)}");

            var results = s_ways.ToDictionary(way => way.Name, _ => new List<(double Seconds, double Processor)>());
            for (var round = 0; round < (arguments.Integer("rounds") ?? 3); round++)
            {
                foreach (var (name, fromS3, set) in s_ways)
                    results[name].Add(await MeasureAsync(store, file, fromS3, set));
            }

            output.Report($"{Machine.Describe(TimeProvider.System)}; {new FileInfo(file).Length >> 20} MiB, {latency.TotalMilliseconds} ms for each request\n\n{Table(results, new FileInfo(file).Length)}");
            return 0;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<(double Seconds, double Processor)> MeasureAsync(ObjectStore store, string file, bool fromS3, Action<TransferOptions> set)
    {
        await using var source = fromS3
            ? await NewSource(store).FindAsync(Path.GetFileName(file), new FinishedUpload(ImmutableSortedDictionary<string, string>.Empty), CancellationToken.None)
            : new LocalSource(file);
        var before = Kernel.ProcessorTime(Environment.ProcessId);
        var watch = Stopwatch.StartNew();
        await DeliverAsync(store, source!, set, "delivered");
        var result = (watch.Elapsed.TotalSeconds, (Kernel.ProcessorTime(Environment.ProcessId) - before).TotalSeconds);
        await store.RemoveAsync("delivered");
        return result;
    }

    private static async Task DeliverAsync(ObjectStore store, SourceFile source, Action<TransferOptions> set, string key)
    {
        var options = new TransferOptions();
        set(options);
        using var arrays = new PartArrays(TimeProvider.System);
        var memory = new PartMemory(arrays, Options.Create(options));
        var target = new S3Target("bench", ObjectStore.Bucket, null, null, default, default);
        var destination = S3Destination.Create(target, store.Connection, memory, options, (_, _) => Task.FromResult(false), TimeProvider.System, NullLogger.Instance);
        await destination.DeliverAsync(source, key, new Progress<long>(), CancellationToken.None);
    }

    private static S3Source NewSource(ObjectStore store)
    {
        var options = Options.Create(new TransferOptions());
        return new S3Source(store.Connection, ObjectStore.Bucket, "tus-prefix", new PartMemory(new PartArrays(TimeProvider.System), options), options);
    }

    internal static async Task WriteAsync(string path, int mebibytes)
    {
        await using var file = File.Create(path);
        var block = RandomNumberGenerator.GetBytes(1 << 20);
        for (var written = 0; written < mebibytes; written++)
            await file.WriteAsync(block);
    }

    private static string Table(Dictionary<string, List<(double Seconds, double Processor)>> results, long bytes)
    {
        var table = new MarkdownTable("", "MiB/s", "CPU s/GiB", "to one stream", "to parallel parts");
        foreach (var (name, rounds) in results)
        {
            var oneStream = name.StartsWith("file", StringComparison.Ordinal) ? results["file → S3, one stream"] : results["S3 → S3, one stream"];
            table.Add(
                name,
                $"{bytes / 1048576.0 / Median(rounds.Select(round => round.Seconds)):F0}",
                $"{Median(rounds.Select(round => round.Processor)) / (bytes / Gibibyte):F2}",
                $"{Median(oneStream.Zip(rounds, (one, round) => one.Seconds / round.Seconds)):F1}×",
                name.EndsWith("store", StringComparison.Ordinal) ? $"{Median(results["S3 → S3"].Zip(rounds, (through, round) => through.Seconds / round.Seconds)):F1}×" : "");
        }

        return table.ToString();
    }

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
