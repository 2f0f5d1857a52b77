using System.Globalization;
using Dex.Bench.Comparing;
using Dex.Bench.Goals;
using Dex.Bench.Load;
using Dex.Bench.Reporting;
using Dex.Bench.Scenarios;
using Dex.Bench.Servers;

namespace Dex.Bench.Commands;

/// <summary><c>goals</c>: every comparison that the goals need, then a table of the goals.</summary>
internal static class GoalsCommand
{
    private const int Rounds = 5, WarmUps = 2;

    public static int Run(Arguments arguments)
    {
        arguments.Allow(["goals", "check", "rounds", "warmups", "markdown", .. Placement.Options, .. LoadOptions.Names]);
        var wanted = arguments.Text("goals")?.Split(',').Select(number => int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture)).ToHashSet();
        var placement = Placement.Read(arguments);
        var output = new Output(arguments.Text("markdown"));
        using var payload = new Payload();
        using var small = new RunFolder(placement.SmallFolder);
        using var large = new RunFolder(placement.LargeFolder);

        output.Report(Machine.Describe(TimeProvider.System) + "\n");
        List<GoalCheck> checks = [];
        foreach (var stage in GoalPlan.Stages.Where(stage => wanted is null || stage.Goals.Any(wanted.Contains)))
        {
            var result = Compare(stage, arguments, placement, stage.OnDisk ? large : small, payload);
            output.Report(ComparisonReport.Write(result));
            checks.AddRange(stage.Read(result).Where(check => wanted is null || wanted.Contains(check.Goal)));
        }

        output.Report(GoalsReport.Write(checks));
        return arguments.Has("check") && !checks.TrueForAll(check => check.IsMet) ? 1 : 0;
    }

    private static ComparisonResult Compare(GoalStage stage, Arguments arguments, Placement placement, RunFolder run, Payload payload)
    {
        var rounds = Math.Min(arguments.Integer("rounds") ?? Rounds, stage.MostRounds);
        var scenario = ScenarioCatalogue.Find(stage.Scenario);
        var warmUps = arguments.Integer("warmups") ?? WarmUps;
        return new Comparison(scenario, [.. stage.Servers.Select(ServerChoice.Parse)], placement, run, payload, Output.Tell)
            .Run(job => LoadOptions.Apply(arguments, job), rounds, warmUps);
    }
}
