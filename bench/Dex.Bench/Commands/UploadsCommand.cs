using System.Globalization;
using Dex.Bench.Comparing;
using Dex.Bench.Deliveries;
using Dex.Bench.Load;
using Dex.Bench.Reporting;
using Dex.Bench.Servers;
using static Dex.Bench.Comparing.ComparisonResult;

namespace Dex.Bench.Commands;

/// <summary><c>uploads</c>: sends a file to a server that keeps uploads in S3, whose parts go there one after the other and side by side, in turn.</summary>
internal static class UploadsCommand
{
    private const double Gibibyte = 1 << 30;

    private static readonly (string Name, Dictionary<string, string> Variables)[] s_ways =
    [
        ("one part after the other", new() { ["STORE_PARTS_PER_UPLOAD"] = "1" }),
        ("parts side by side", []),
    ];

    public static async Task<int> RunAsync(Arguments arguments)
    {
        arguments.Allow(["mebibytes", "latency", "rounds", "markdown", .. Placement.Options]);
        var placement = Placement.Read(arguments);
        var latency = TimeSpan.FromMilliseconds(arguments.Integer("latency") ?? 20);
        var length = (arguments.Integer("mebibytes") ?? 1024L) << 20;
        using var payload = new Payload();
        using var folder = new RunFolder(placement.SmallFolder);
        var file = Path.Combine(folder.CreateFolder(), "upload");
        payload.CopyTo(file, length);
        using var store = ObjectStore.Start(latency);
        await store.MakeBucketAsync();

        var servers = s_ways.Select(way => RunningServer.Start(
            ServerChoice.Parse("dex"), folder, placement.ServerProcessor, store.Variables.Concat(way.Variables).ToDictionary())).ToList();
        try
        {
            var costs = s_ways.Select(_ => new List<(double Seconds, double Processor)>()).ToList();
            for (var round = 0; round < (arguments.Integer("rounds") ?? 3); round++)
            {
                foreach (var (server, taken) in servers.Zip(costs))
                    taken.Add(await UploadAsync(new CurlUpload(file, length, placement.LoadProcessor), server, store));
            }

            new Output(arguments.Text("markdown")).Report(
                $"{Machine.Describe(TimeProvider.System)}; {length >> 20} MiB in one PATCH, {latency.TotalMilliseconds} ms for each request to the store\n\n{Table(costs, length)}");
            return 0;
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }
    }

    private static async Task<(double Seconds, double Processor)> UploadAsync(CurlUpload curl, RunningServer server, ObjectStore store)
    {
        var address = curl.Create(server.Target.Url, TusTarget.Metadata);
        server.Meter.WaitUntilQuiet();
        var before = server.Meter.ProcessorTime;
        var time = curl.Send(address, "--http1.1", "1.1");
        server.Meter.WaitUntilQuiet();
        var processor = server.Meter.ProcessorTime - before;
        foreach (var suffix in (string[])["", ".info"])
            await store.RemoveAsync($"tus-prefix/{address.Segments[^1]}{suffix}");
        return (time.TotalSeconds, processor.TotalSeconds);
    }

    private static string Table(List<List<(double Seconds, double Processor)>> costs, long length)
    {
        var table = new MarkdownTable("", "MiB/s", "CPU s/GiB", "to one part at a time");
        foreach (var (way, taken) in s_ways.Zip(costs))
        {
            table.Add(
                way.Name,
                Text("F0", (length >> 20) / Median(taken.Select(cost => cost.Seconds))),
                Text("F2", Median(taken.Select(cost => cost.Processor)) / (length / Gibibyte)),
                Text("0.0×", Median(costs[0].Zip(taken, (one, mine) => one.Seconds / mine.Seconds))));
        }

        return table.ToString();
    }

    private static string Text(string format, double value) => value.ToString(format, CultureInfo.InvariantCulture);
}
