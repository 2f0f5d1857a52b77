using Dex.Bench.Load;
using Dex.Bench.Measuring;
using Dex.Bench.Scenarios;
using Dex.Bench.Servers;

namespace Dex.Bench.Comparing;

/// <summary>Loads some servers in turn, round by round: what the machine does meanwhile hits them all.</summary>
/// <param name="run">Where the servers' folders are made.</param>
/// <param name="tell">Told what is being done.</param>
internal sealed class Comparison(Scenario scenario, IReadOnlyList<ServerChoice> choices, Placement placement, RunFolder run, Payload payload, Action<string> tell)
{
    // Until code that runs is code that was compiled for good, however slow the machine is at the moment.
    private const int WarmOperations = 5_000;

    private static readonly TimeSpan FillLimit = TimeSpan.FromHours(1);

    private bool _checked;

    /// <param name="shape">How much load.</param>
    /// <param name="warmUps">Rounds before those that count.</param>
    public ComparisonResult Run(Func<LoadJob, LoadJob> shape, int rounds, int warmUps)
    {
        List<RunningServer> servers = [];
        try
        {
            if (!scenario.WantsFreshServer)
            {
                foreach (var choice in choices)
                    servers.Add(Start(choice));
            }

            for (var round = 0; round < warmUps && !scenario.WantsFreshServer; round++)
                RunRound($"warm-up {round + 1}/{warmUps}", servers, job => shape(job) with { LeastOperations = WarmOperations });
            var counted = Enumerable.Range(1, rounds).Select(IReadOnlyList<Measurement> (round) => RunRound($"round {round}/{rounds}", servers, shape)).ToList();
            return new ComparisonResult(scenario, [.. choices.Select(choice => choice.Text)], counted);
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }
    }

    private List<Measurement> RunRound(string name, List<RunningServer> servers, Func<LoadJob, LoadJob> shape)
    {
        tell($"{scenario.Name}: {name}");
        var measured = scenario.WantsFreshServer
            ? choices.Select(choice => MeasureFresh(choice, shape)).ToList()
            : servers.ConvertAll(server => Measure(server, shape));
        _checked = true;
        return measured;
    }

    private Measurement MeasureFresh(ServerChoice choice, Func<LoadJob, LoadJob> shape)
    {
        using var server = Start(choice);
        return Measure(server, shape);
    }

    private Measurement Measure(RunningServer server, Func<LoadJob, LoadJob> shape)
    {
        try
        {
            var measurement = Measurement.Take(scenario, shape(JobFor(server)), outcome => server.WaitForDeliveries(outcome.Finished));
            if (!_checked)
                server.Check(payload, measurement.Outcome.Uploads);
            server.Clean();
            return measurement;
        }
        catch (Exception problem)
        {
            throw new InvalidOperationException($"{scenario.Name} failed with {server.Choice.Text}, whose last words are:\n{server.LastWords}", problem);
        }
    }

    private RunningServer Start(ServerChoice choice)
    {
        var server = RunningServer.Start(choice, run, placement.ServerProcessor);
        if (choice.Stored > 0)
        {
            tell($"{scenario.Name}: {choice.Text} gets {choice.Stored} uploads");
            ScenarioCatalogue.Find("small-creation-with-upload").Run(JobFor(server) with { MostOperations = choice.Stored, Duration = FillLimit });
            server.Meter.WaitUntilQuiet();
        }

        return server;
    }

    private LoadJob JobFor(RunningServer server) => new()
    {
        Target = server.Target,
        Payload = payload,
        Processor = placement.LoadProcessor,
        Server = server.Meter,
    };
}
