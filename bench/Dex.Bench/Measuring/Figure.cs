namespace Dex.Bench.Measuring;

/// <summary>What is measured. The order is that of the columns.</summary>
internal enum Figure
{
    MebibytesPerSecond,
    OperationsPerSecond,
    MedianMilliseconds,
    P99Milliseconds,
    ProcessorSecondsPerGibibyte,
    ProcessorMicrosecondsPerOperation,
    PeakResidentMebibytes,
    ResidentKibibytesPerConnection,
    ResidentGrowthMebibytes,
    KeptSpeedShare,
    GeneratorProcessorShare,
}

internal static class FigureText
{
    public static string Title(this Figure figure) => figure switch
    {
        Figure.MebibytesPerSecond => "MiB/s",
        Figure.OperationsPerSecond => "ops/s",
        Figure.MedianMilliseconds => "p50 ms",
        Figure.P99Milliseconds => "p99 ms",
        Figure.ProcessorSecondsPerGibibyte => "CPU s/GiB",
        Figure.ProcessorMicrosecondsPerOperation => "CPU µs/op",
        Figure.PeakResidentMebibytes => "peak RSS MiB",
        Figure.ResidentKibibytesPerConnection => "KiB/connection",
        Figure.ResidentGrowthMebibytes => "RSS growth MiB",
        Figure.KeptSpeedShare => "speed kept",
        _ => "generator CPU",
    };

    /// <summary>Three digits that count, and no more than anybody wants to read.</summary>
    public static string Show(this Figure figure, double value) => figure switch
    {
        Figure.GeneratorProcessorShare or Figure.KeptSpeedShare => value.ToString("P0", null),
        _ when Math.Abs(value) >= 1000 => value.ToString("N0", null),
        _ when Math.Abs(value) >= 100 => value.ToString("F0", null),
        _ when Math.Abs(value) >= 10 => value.ToString("F1", null),
        _ => value.ToString("F3", null),
    };
}
