using Dex.Bench.Load;
using Dex.Bench.Scenarios;

namespace Dex.Bench.Measuring;

/// <summary>One run of a scenario against one server, in figures.</summary>
internal sealed record Measurement(IReadOnlyDictionary<Figure, double> Figures, LoadOutcome Outcome)
{
    private const double Mebibyte = 1 << 20, Gibibyte = 1 << 30;

    /// <summary>Runs a scenario and asks the kernel what it cost.</summary>
    /// <param name="settle">Waits for work that follows the answers, which costs, too.</param>
    public static Measurement Take(Scenario scenario, LoadJob job, Action<LoadOutcome>? settle = null)
    {
        var server = job.Server;
        server?.ResetPeak();
        var generatorBefore = Kernel.ProcessorTime(Environment.ProcessId);
        var before = server?.ProcessorTime ?? TimeSpan.Zero;

        var outcome = scenario.Run(job);

        var generator = Kernel.ProcessorTime(Environment.ProcessId) - generatorBefore;
        var figures = new SortedDictionary<Figure, double>(outcome.Also.ToDictionary());
        if (scenario.CountsProcessor)
        {
            AddRates(figures, outcome, bulk: !scenario.HasSmallFiles);
            figures[Figure.GeneratorProcessorShare] = generator / outcome.Elapsed;
        }

        if (server is not null)
        {
            settle?.Invoke(outcome);
            server.WaitUntilQuiet();
            if (scenario.CountsProcessor)
                AddProcessor(figures, outcome, server.ProcessorTime - before, bulk: !scenario.HasSmallFiles);
            figures[Figure.PeakResidentMebibytes] = server.PeakResidentBytes / Mebibyte;
        }

        return new Measurement(figures, outcome);
    }

    private static void AddRates(SortedDictionary<Figure, double> figures, LoadOutcome outcome, bool bulk)
    {
        if (bulk)
            figures[Figure.MebibytesPerSecond] = outcome.Bytes / Mebibyte / outcome.Elapsed.TotalSeconds;
        else
            figures[Figure.OperationsPerSecond] = outcome.Operations / outcome.Elapsed.TotalSeconds;
        if (outcome.Latencies is not { } latencies)
            return;
        figures[Figure.MedianMilliseconds] = latencies.Milliseconds(0.5);
        figures[Figure.P99Milliseconds] = latencies.Milliseconds(0.99);
    }

    private static void AddProcessor(SortedDictionary<Figure, double> figures, LoadOutcome outcome, TimeSpan used, bool bulk)
    {
        if (bulk)
            figures[Figure.ProcessorSecondsPerGibibyte] = used.TotalSeconds / (outcome.Bytes / Gibibyte);
        else
            figures[Figure.ProcessorMicrosecondsPerOperation] = used.TotalMicroseconds / Math.Max(outcome.Operations, 1);
    }
}
