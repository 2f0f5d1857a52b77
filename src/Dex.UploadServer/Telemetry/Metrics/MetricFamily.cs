using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace Dex.UploadServer.Telemetry.Metrics;

/// <summary>What becomes of an instrument's measurements.</summary>
internal enum MetricKind
{
    Counter,

    /// <summary>A gauge that measurements are added to.</summary>
    SummedGauge,

    /// <summary>A gauge that takes the last measurement.</summary>
    Gauge,

    /// <summary>Measured at each scrape; a running total.</summary>
    ObservedCounter,

    /// <summary>Measured at each scrape.</summary>
    ObservedGauge,
    Histogram,
}

/// <summary>All series of one metric name.</summary>
internal sealed class MetricFamily
{
    // What client libraries use when nobody says otherwise.
    private static readonly double[] UsualBounds = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];

    private readonly byte[] _header;
    private readonly double[] _bounds;
    private readonly ConcurrentDictionary<LabelSet, Series> _series = new(new LabelSet.Comparer());
    private readonly ConcurrentDictionary<LabelSet, Series>.AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> _seriesByTags;
    private long _scrape;

    public MetricFamily(Instrument instrument)
    {
        Name = MetricNames.Clean(instrument.Name);
        Kind = KindOf(instrument);
        _bounds = (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries is { } bounds ? [.. bounds] : UsualBounds;
        _header = Encoding.UTF8.GetBytes(
            $"# HELP {Name} {MetricNames.EscapeHelp(instrument.Description ?? "")}\n# TYPE {Name} {TypeOf(Kind)}\n");
        _seriesByTags = _series.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
    }

    public string Name { get; }

    public MetricKind Kind { get; }

    public static MetricKind KindOf(Instrument instrument)
    {
        var type = instrument.GetType().IsGenericType ? instrument.GetType().GetGenericTypeDefinition() : null;
        return type == typeof(Counter<>) ? MetricKind.Counter
            : type == typeof(Histogram<>) ? MetricKind.Histogram
            : type == typeof(UpDownCounter<>) ? MetricKind.SummedGauge
            : type == typeof(ObservableCounter<>) ? MetricKind.ObservedCounter
            : instrument.IsObservable ? MetricKind.ObservedGauge
            : MetricKind.Gauge;
    }

    /// <summary>Takes a measurement; NaN only makes its series exist.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_seriesByTags.TryGetValue(tags, out var series))
            series = AddSeries(tags);
        if (double.IsNaN(value))
            return;
        switch (Kind)
        {
            case MetricKind.Histogram:
                ((HistogramSeries)series).Observe(value);
                break;
            case MetricKind.Counter when value < 0:
                break; // A counter that falls would look like a restart.
            case MetricKind.Counter or MetricKind.SummedGauge:
                ((NumberSeries)series).Add(value);
                break;
            default:
                ((NumberSeries)series).Set(value);
                series.Scrape = Interlocked.Read(ref _scrape);
                break;
        }
    }

    /// <summary>To be called before observable instruments are asked: what they do not name any more is not shown.</summary>
    public void BeginScrape() => Interlocked.Increment(ref _scrape);

    public void Write(IBufferWriter<byte> output)
    {
        var observed = Kind is MetricKind.ObservedCounter or MetricKind.ObservedGauge;
        var scrape = Interlocked.Read(ref _scrape);
        var shown = _series.Values.Where(series => !observed || series.Scrape == scrape).ToHashSet();
        if (observed && shown.Count == 0)
            return; // Any other family is shown from the start, so that a name that is spelled wrong can be told from one that has nothing to count yet.
        output.Write(_header);
        foreach (var series in shown.OrderBy(series => series.Labels, StringComparer.Ordinal))
            series.Write(output);
    }

    // Different tags may look the same once shown; they share a series then, which is in the dictionary under both.
    private Series AddSeries(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = LabelSet.Of(tags);
        var series = _series.GetOrAdd(labels.ToShown(), CreateSeries);
        return _series.GetOrAdd(labels, series);
    }

    private Series CreateSeries(LabelSet shown) => Kind == MetricKind.Histogram
        ? new HistogramSeries(Name, shown.ToString(), _bounds)
        : new NumberSeries(Name, shown.ToString());

    private static string TypeOf(MetricKind kind) => kind switch
    {
        MetricKind.Histogram => "histogram",
        MetricKind.Counter or MetricKind.ObservedCounter => "counter",
        _ => "gauge",
    };
}
