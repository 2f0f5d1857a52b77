using Dex.Bench.Comparing;
using Dex.Bench.Load;
using Dex.Bench.Reporting;
using Dex.Bench.Scenarios;
using Dex.Bench.Servers;

namespace Dex.Bench.Commands;

/// <summary><c>compare</c>: starts servers and loads them in turn.</summary>
internal static class CompareCommand
{
    private const int Rounds = 5, WarmUps = 2;

    public static int Run(Arguments arguments)
    {
        arguments.Allow(["scenario", "servers", "rounds", "warmups", "markdown", .. Placement.Options, .. LoadOptions.Names]);
        var scenarios = arguments.Required("scenario").Split(',').Select(ScenarioCatalogue.Find).ToList();
        var servers = arguments.Required("servers").Split(',').Select(ServerChoice.Parse).ToList();
        var placement = Placement.Read(arguments);
        var output = new Output(arguments.Text("markdown"));
        using var payload = new Payload();
        using var small = new RunFolder(placement.SmallFolder);
        using var large = new RunFolder(placement.LargeFolder);

        output.Report(Machine.Describe(TimeProvider.System) + "\n");
        foreach (var scenario in scenarios)
        {
            var result = new Comparison(scenario, servers, placement, scenario.HasSmallFiles ? small : large, payload, Output.Tell)
                .Run(job => LoadOptions.Apply(arguments, job), arguments.Integer("rounds") ?? Rounds, arguments.Integer("warmups") ?? WarmUps);
            output.Report(ComparisonReport.Write(result));
        }

        return 0;
    }
}
