using System.Globalization;
using Dex.Bench.Comparing;
using Dex.Bench.Load;
using Dex.Bench.Reporting;
using Dex.Bench.Servers;
using static Dex.Bench.Comparing.ComparisonResult;

namespace Dex.Bench.Commands;

/// <summary><c>protocols</c>: one large upload over HTTP/1.1 and HTTP/2, plain and with TLS, in turn.</summary>
internal static class ProtocolsCommand
{
    private const int Rounds = 9, WarmUps = 4;
    private const long Length = 512L << 20;

    private static readonly (string Name, string Server, string Option, string Version)[] Variants =
    [
        ("HTTP/1.1", "dex", "--http1.1", "1.1"),
        ("HTTP/2 (h2c)", "dex", "--http2-prior-knowledge", "2"),
        ("HTTP/1.1, TLS", "dex+tls", "--http1.1", "1.1"),
        ("HTTP/2, TLS", "dex+tls", "--http2", "2"),
    ];

    public static int Run(Arguments arguments)
    {
        arguments.Allow(["rounds", "warmups", "markdown", .. Placement.Options]);
        var placement = Placement.Read(arguments);
        var (rounds, warmUps) = (arguments.Integer("rounds") ?? Rounds, arguments.Integer("warmups") ?? WarmUps);
        var output = new Output(arguments.Text("markdown"));
        output.Report(Machine.Describe(TimeProvider.System) + "\n");

        using var payload = new Payload();
        using var folder = new RunFolder(placement.SmallFolder);
        var file = Path.Combine(folder.CreateFolder(), "upload");
        payload.CopyTo(file, Length);
        var curl = new CurlUpload(file, Length, placement.LoadProcessor);
        using var plain = RunningServer.Start(ServerChoice.Parse("dex"), folder, placement.ServerProcessor);
        using var secure = RunningServer.Start(ServerChoice.Parse("dex+tls"), folder, placement.ServerProcessor);

        var taken = Variants.Select(_ => new List<Cost>()).ToList();
        for (var round = -warmUps; round < rounds; round++)
        {
            Output.Tell(round < 0 ? $"warm-up {warmUps + round + 1}/{warmUps}" : $"round {round + 1}/{rounds}");
            foreach (var (variant, costs) in Variants.Zip(taken))
            {
                var cost = Upload(curl, variant.Server == "dex" ? plain : secure, payload, variant.Option, variant.Version);
                if (round >= 0)
                    costs.Add(cost);
            }
        }

        var table = new MarkdownTable("one PATCH of 512 MiB", "MiB/s", "CPU s/GiB", "MiB/s to HTTP/1.1's", "CPU to HTTP/1.1's");
        for (var i = 0; i < Variants.Length; i++)
        {
            var (mine, first) = (taken[i], taken[i / 2 * 2]);
            table.Add(
                Variants[i].Name, Text("N0", Median(mine.Select(cost => cost.MebibytesPerSecond))), Text("N3", Median(mine.Select(cost => cost.SecondsPerGibibyte))),
                Text("0.00×", Median(mine.Zip(first, (a, b) => a.MebibytesPerSecond / b.MebibytesPerSecond))),
                Text("0.00×", Median(mine.Zip(first, (a, b) => a.SecondsPerGibibyte / b.SecondsPerGibibyte))));
        }

        output.Report(table.ToString());
        return 0;
    }

    private static Cost Upload(CurlUpload curl, RunningServer server, Payload payload, string option, string version)
    {
        var address = curl.Create(server.Target.Url, TusTarget.Metadata);
        server.Meter.WaitUntilQuiet();
        var before = server.Meter.ProcessorTime;
        var time = curl.Send(address, option, version);
        server.Meter.WaitUntilQuiet();
        var processor = server.Meter.ProcessorTime - before;
        server.Check(payload, [new(address.Segments[^1], Length)]);
        server.Clean();
        return new Cost((Length >> 20) / time.TotalSeconds, processor.TotalSeconds / (Length / (double)(1L << 30)));
    }

    private static string Text(string format, double value) => value.ToString(format, CultureInfo.InvariantCulture);

    private readonly record struct Cost(double MebibytesPerSecond, double SecondsPerGibibyte);
}
