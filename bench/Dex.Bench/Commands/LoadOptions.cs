using Dex.Bench.Scenarios;

namespace Dex.Bench.Commands;

/// <summary>The options that say how much load there is; every command that makes load has them.</summary>
internal static class LoadOptions
{
    public static IReadOnlyList<string> Names { get; } = ["seconds", "operations", "connections", "held", "divisor", "load-cpu"];

    public static LoadJob Apply(Arguments arguments, LoadJob job) => job with
    {
        Duration = arguments.Integer("seconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : job.Duration,
        MostOperations = arguments.Integer("operations") ?? job.MostOperations,
        Connections = arguments.Integer("connections") ?? job.Connections,
        HeldConnections = arguments.Integer("held") ?? job.HeldConnections,
        Divisor = arguments.Integer("divisor") ?? job.Divisor,
        Processor = arguments.Integer("load-cpu") ?? job.Processor,
    };
}
