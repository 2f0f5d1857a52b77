using Dex.Bench.Hosts;

namespace Dex.Bench.Commands;

/// <summary><c>serve</c>: becomes one of the bench's own servers, until it is stopped.</summary>
internal static class ServeCommand
{
    public static int Run(string server, Arguments arguments)
    {
        if (server == "latency")
        {
            arguments.Allow("target", "milliseconds");
            BareKestrel.Run(LatencyHost.Build(new Uri(arguments.Required("target")), TimeSpan.FromMilliseconds(arguments.Integer("milliseconds") ?? 0)));
            return 0;
        }

        arguments.Allow("folder");
        var folder = Path.GetFullPath(arguments.Required("folder"));
        BareKestrel.Run(server switch
        {
            "engine" => EngineHost.Build(folder),
            "sink" => SinkHost.Build(folder, stores: true),
            "sink-discard" => SinkHost.Build(folder, stores: false),
            _ => throw new ArgumentException($"There is no server {server} to become: engine, sink, sink-discard, latency."),
        });
        return 0;
    }
}
