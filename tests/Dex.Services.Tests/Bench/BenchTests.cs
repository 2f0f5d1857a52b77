using Dex.Bench;
using Dex.Bench.Commands;
using Dex.Bench.Comparing;
using Dex.Bench.Goals;
using Dex.Bench.Measuring;
using Dex.Bench.Reporting;
using Dex.Bench.Scenarios;
using Dex.Bench.Servers;

namespace Dex.Services.Bench;

/// <summary>Every load runs for a moment, so that the bench works on the day it is needed. No time is asserted.</summary>
[Trait("Category", "Bench")]
public sealed class BenchTests(BenchServer bench) : IClassFixture<BenchServer>
{
    private const int Limit = 60_000;

    public static TheoryData<string> Scenarios => [.. ScenarioCatalogue.All.Select(scenario => scenario.Name)];

    [Theory(Timeout = Limit), MemberData(nameof(Scenarios))]
    public async Task A_scenario_loads_our_server_and_what_it_sent_is_stored_and_delivered(string name)
    {
        var scenario = ScenarioCatalogue.Find(name);

        var measurement = await Task.Run(() => Measurement.Take(scenario, bench.Moment, outcome => bench.Server.WaitForDeliveries(outcome.Finished)), TestContext.Current.CancellationToken);

        bench.Server.Check(bench.Payload, measurement.Outcome.Uploads);
        bench.Server.Clean();
        Assert.NotEmpty(measurement.Figures);
        Assert.All(measurement.Figures.Values, value => Assert.True(double.IsFinite(value)));
    }

    [Fact(Timeout = Limit)]
    public async Task The_benchs_own_servers_are_compared_with_ours()
    {
        var choices = new[] { "dex+final", "engine", "sink", "sink-discard" }.Select(ServerChoice.Parse).ToList();
        var placement = new Placement(null, null, Path.GetTempPath(), Path.GetTempPath());
        var comparison = new Comparison(ScenarioCatalogue.Find("small"), choices, placement, bench.Run, bench.Payload, _ => { });

        var result = await Task.Run(() => comparison.Run(job => job with { Connections = 2, MostOperations = 4 }, rounds: 1, warmUps: 0), TestContext.Current.CancellationToken);

        Assert.Contains("| dex+final / sink ", ComparisonReport.Write(result), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task One_upload_goes_by_every_protocol()
    {
        var table = Path.GetTempFileName();
        var arguments = new Arguments(["protocols", "--mebibytes", "5", "--rounds", "1", "--warmups", "0", "--no-pin", "--markdown", table], "no-pin");

        await Task.Run(() => ProtocolsCommand.Run(arguments), TestContext.Current.CancellationToken);

        var rows = await File.ReadAllTextAsync(table, TestContext.Current.CancellationToken);
        Assert.Contains("| HTTP/2, TLS ", rows, StringComparison.Ordinal);
        File.Delete(table);
    }

    [Fact]
    public void Every_goal_is_measured_with_scenarios_and_servers_that_exist()
    {
        Assert.Equal(Enumerable.Range(1, 13), GoalPlan.Stages.SelectMany(stage => stage.Goals).Distinct().Order());
        Assert.All(GoalPlan.Stages, stage => Assert.NotNull(ScenarioCatalogue.Find(stage.Scenario)));
        Assert.All(GoalPlan.Stages.SelectMany(stage => stage.Servers), server => Assert.NotNull(ServerChoice.Parse(server)));
    }

    [Theory]
    [InlineData("dex+fast")]
    [InlineData("sink+delivery")]
    [InlineData("sink@elsewhere")]
    [InlineData("nginx")]
    public void A_server_that_cannot_be_started_is_refused(string name)
    {
        Assert.Throws<ArgumentException>(() => ServerChoice.Parse(name));
    }

    [Fact]
    public void An_option_that_a_command_does_not_know_is_refused()
    {
        var arguments = new Arguments(["load", "--sconds", "4"]);

        Assert.Throws<ArgumentException>(() => arguments.Allow("seconds"));
    }
}
