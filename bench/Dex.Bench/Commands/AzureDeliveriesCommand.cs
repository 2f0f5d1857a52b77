using System.Collections.Immutable;
using System.Diagnostics;
using Dex.Bench.Comparing;
using Dex.Bench.Deliveries;
using Dex.Bench.Load;
using Dex.Bench.Reporting;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dex.Bench.Commands;

/// <summary><c>deliveries --to azure</c>: carries a file to Azure from this machine, from S3 and from Azure, in parallel parts, in one stream, block by block and by the store itself, in turn.</summary>
internal static class AzureDeliveriesCommand
{
    private const double Gibibyte = 1 << 30;
    private const string Prefix = "tus-prefix";

    private static readonly FinishedUpload s_finished = new(ImmutableSortedDictionary<string, string>.Empty);

    /// <summary>As the predecessor carries files to Azure: read from start to end, and sent in blocks of 1 MiB, each after the one before.</summary>
    private static readonly Action<TransferOptions> s_blockByBlock = options => (options.ParallelParts, options.PartBytes, options.ServerSideCopy) = (1, 1 << 20, false);

    private static readonly Action<TransferOptions> s_oneStream = options => (options.ParallelParts, options.ServerSideCopy) = (1, false);
    private static readonly Action<TransferOptions> s_inParts = options => options.ServerSideCopy = false;

    private static readonly (string Name, string From, Action<TransferOptions> Set)[] s_ways =
    [
        .. new[] { "file", "S3", "Azure" }.SelectMany(from => new[]
        {
            ($"{from} → Azure, block by block", from, s_blockByBlock),
            ($"{from} → Azure, one stream", from, s_oneStream),
            ($"{from} → Azure", from, s_inParts),
        }),
        ("Azure → Azure by the store", "Azure", _ => { }),
    ];

    public static async Task<int> RunAsync(Arguments arguments)
    {
        arguments.Allow(["to", "mebibytes", "latency", "rounds", "markdown", .. Placement.Options]);
        var latency = TimeSpan.FromMilliseconds(arguments.Integer("latency") ?? 20);
        var file = Path.Combine(Placement.Read(arguments).LargeFolder, $"{Guid.NewGuid()}");
        var output = new Output(arguments.Text("markdown"));
        try
        {
            await DeliveriesCommand.WriteAsync(file, arguments.Integer("mebibytes") ?? 1024);
            using var bucket = ObjectStore.Start(latency);
            await bucket.MakeBucketAsync();
            await FillAsync(bucket, file);
            await MeasureAsync(bucket, latency, file, "S3", s_inParts); // what is compiled on the way is not counted

            var results = s_ways.ToDictionary(way => way.Name, _ => new List<(double Seconds, double Processor)>());
            for (var round = 0; round < (arguments.Integer("rounds") ?? 3); round++)
            {
                foreach (var (name, from, set) in s_ways)
                    results[name].Add(await MeasureAsync(bucket, latency, file, from, set));
            }

            output.Report($"{Machine.Describe(TimeProvider.System)}; {new FileInfo(file).Length >> 20} MiB, {latency.TotalMilliseconds} ms for each request\n\n{Table(results, new FileInfo(file).Length)}");
            return 0;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<(double Seconds, double Processor)> MeasureAsync(ObjectStore bucket, TimeSpan latency, string file, string from, Action<TransferOptions> set)
    {
        var options = new TransferOptions();
        set(options);
        using var arrays = new PartArrays(TimeProvider.System);
        var memory = new PartMemory(arrays, Options.Create(options));
        using var blobs = await BlobStore.StartAsync(latency);
        var destination = AzureDestination.Create("bench", blobs.Container, memory, options, TimeProvider.System, NullLogger.Instance);
        if (from == "Azure")
        {
            await using var local = new LocalSource(file);
            await destination.DeliverAsync(local, $"{Prefix}/{Path.GetFileName(file)}", new Progress<long>(), CancellationToken.None);
        }

        var found = await FindAsync(bucket, blobs, file, from);
        await using var source = set == s_blockByBlock ? new StreamedSource(found) : found;
        var before = Kernel.ProcessorTime(Environment.ProcessId);
        var watch = Stopwatch.StartNew();
        await destination.DeliverAsync(source, "delivered", new Progress<long>(), CancellationToken.None);
        return (watch.Elapsed.TotalSeconds, (Kernel.ProcessorTime(Environment.ProcessId) - before).TotalSeconds);
    }

    private static async Task<SourceFile> FindAsync(ObjectStore bucket, BlobStore blobs, string file, string from)
    {
        var options = Options.Create(new TransferOptions());
        var memory = new PartMemory(new PartArrays(TimeProvider.System), options);
        IDeliverySource? source = from switch
        {
            "S3" => new S3Source(bucket.Connection, ObjectStore.Bucket, Prefix, memory, options),
            "Azure" => new AzureSource(blobs.Container, Prefix, memory, options),
            _ => null,
        };
        return source is null
            ? new LocalSource(file)
            : await source.FindAsync(Path.GetFileName(file), s_finished, CancellationToken.None) ?? throw new InvalidDataException("the source is not where it was put");
    }

    private static async Task FillAsync(ObjectStore bucket, string file)
    {
        var options = new TransferOptions();
        using var arrays = new PartArrays(TimeProvider.System);
        var memory = new PartMemory(arrays, Options.Create(options));
        var target = new S3Target("bench", ObjectStore.Bucket, null, null, default, default);
        var destination = S3Destination.Create(target, bucket.Connection, memory, options, (_, _) => Task.FromResult(false), TimeProvider.System, NullLogger.Instance);
        await using var source = new LocalSource(file);
        await destination.DeliverAsync(source, $"{Prefix}/{Path.GetFileName(file)}", new Progress<long>(), CancellationToken.None);
    }

    private static string Table(Dictionary<string, List<(double Seconds, double Processor)>> results, long bytes)
    {
        var table = new MarkdownTable("", "MiB/s", "CPU s/GiB", "times block by block", "times one stream");
        foreach (var (name, rounds) in results)
        {
            var way = name.Split(" by ", 2)[0].Split(',', 2)[0];
            table.Add(
                name,
                $"{bytes / 1048576.0 / DeliveriesCommand.Median(rounds.Select(round => round.Seconds)):F0}",
                $"{DeliveriesCommand.Median(rounds.Select(round => round.Processor)) / (bytes / Gibibyte):F2}",
                Times(results[$"{way}, block by block"], rounds),
                Times(results[$"{way}, one stream"], rounds));
        }

        return table.ToString();
    }

    private static string Times(List<(double Seconds, double Processor)> slow, List<(double Seconds, double Processor)> rounds) =>
        $"{DeliveriesCommand.Median(slow.Zip(rounds, (one, round) => one.Seconds / round.Seconds)):F1}×";
}
