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
    private const int Mebibytes = 512;

    private static readonly Variant[] Variants =
    [
        new("HTTP/1.1", "dex", upload => new Http1Upload(upload)),
        new("HTTP/2 (h2c)", "dex", upload => new Http2Upload(upload)),
        new("HTTP/1.1, TLS", "dex+tls", upload => new Http1Upload(upload)),
        new("HTTP/2, TLS", "dex+tls", upload => new Http2Upload(upload)),
        new("HTTP/1.1 by curl", "dex", "--http1.1", "1.1"),
        new("HTTP/2 (h2c) by curl", "dex", "--http2-prior-knowledge", "2"),
        new("HTTP/1.1, TLS, by curl", "dex+tls", "--http1.1", "1.1"),
        new("HTTP/2, TLS, by curl", "dex+tls", "--http2", "2"),
    ];

    public static int Run(Arguments arguments)
    {
        arguments.Allow(["rounds", "warmups", "mebibytes", "markdown", .. Placement.Options]);
        var placement = Placement.Read(arguments);
        var (rounds, warmUps) = (arguments.Integer("rounds") ?? Rounds, arguments.Integer("warmups") ?? WarmUps);
        var length = (long)(arguments.Integer("mebibytes") ?? Mebibytes) << 20;
        var output = new Output(arguments.Text("markdown"));
        output.Report(Machine.Describe(TimeProvider.System) + "\n");

        using var payload = new Payload();
        using var folder = new RunFolder(placement.SmallFolder);
        var file = Path.Combine(folder.CreateFolder(), "upload");
        payload.CopyTo(file, length);
        var curl = new CurlUpload(file, length, placement.LoadProcessor);
        if (placement.LoadProcessor is { } processor)
            Kernel.PinThread(processor);
        using var plain = RunningServer.Start(ServerChoice.Parse("dex"), folder, placement.ServerProcessor);
        using var secure = RunningServer.Start(ServerChoice.Parse("dex+tls"), folder, placement.ServerProcessor);

        var taken = Variants.Select(_ => new List<Cost>()).ToList();
        for (var round = -warmUps; round < rounds; round++)
        {
            Output.Tell(round < 0 ? $"warm-up {warmUps + round + 1}/{warmUps}" : $"round {round + 1}/{rounds}");
            foreach (var (variant, costs) in Variants.Zip(taken))
            {
                var cost = Upload(curl, variant.Server == "dex" ? plain : secure, payload, length, variant);
                if (round >= 0)
                    costs.Add(cost);
            }
        }

        var table = new MarkdownTable($"one PATCH of {length >> 20} MiB", "MiB/s", "CPU s/GiB", "MiB/s to HTTP/1.1's", "CPU to HTTP/1.1's");
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

    private static Cost Upload(CurlUpload curl, RunningServer server, Payload payload, long length, Variant variant)
    {
        var address = curl.Create(server.Target.Url, TusTarget.Metadata);
        server.Meter.WaitUntilQuiet();
        var before = server.Meter.ProcessorTime;
        var time = variant.Open is { } open ? Send(open(address), payload, length) : curl.Send(address, variant.CurlOption, variant.CurlVersion);
        server.Meter.WaitUntilQuiet();
        var processor = server.Meter.ProcessorTime - before;
        server.Check(payload, [new(address.Segments[^1], length)]);
        server.Clean();
        return new Cost((length >> 20) / time.TotalSeconds, processor.TotalSeconds / (length / (double)(1L << 30)));
    }

    private static TimeSpan Send(BlockUpload upload, Payload payload, long length)
    {
        using (upload)
            return upload.Send(payload, length);
    }

    private static string Text(string format, double value) => value.ToString(format, CultureInfo.InvariantCulture);

    // By curl, or by a sender that is never what is waited for.
    private sealed record Variant(string Name, string Server, string CurlOption, string CurlVersion)
    {
        public Variant(string name, string server, Func<Uri, BlockUpload> open)
            : this(name, server, "", "") => Open = open;

        public Func<Uri, BlockUpload>? Open { get; }
    }

    private readonly record struct Cost(double MebibytesPerSecond, double SecondsPerGibibyte);
}
