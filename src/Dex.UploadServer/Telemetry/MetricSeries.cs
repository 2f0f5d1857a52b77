using System.Diagnostics.Metrics;

namespace Dex.UploadServer.Telemetry;

/// <summary>Makes series exist before there is anything to count, so that rates and medians are right from the first event (spec: metrics-logs-traces.md 6.1, 6.4).</summary>
/// <remarks>To be called from the constructor of a room's metrics class. No dependency on the exporter: it is said through the instrument itself.</remarks>
internal static class MetricSeries
{
    /// <summary>The series of these tags appears with value 0.</summary>
    public static void EnsureExists(this Counter<long> counter, params ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        counter.Add(0, tags);

    /// <inheritdoc cref="EnsureExists(Counter{long}, ReadOnlySpan{KeyValuePair{string, object?}})"/>
    public static void EnsureExists(this UpDownCounter<long> gauge, params ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        gauge.Add(0, tags);

    /// <summary>The series of these tags appears with all counts 0. An observation of 0 would skew the median instead.</summary>
    public static void EnsureExists(this Histogram<double> histogram, params ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        histogram.Record(double.NaN, tags); // The exporter takes NaN for "no observation": a sum could not survive it anyway.
}
