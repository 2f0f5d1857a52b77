using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Dex.UploadServer.Telemetry.Metrics;

/// <summary>Makes this process's meters and keeps what the <c>Dex.</c> ones measure (spec: metrics-logs-traces.md 1).</summary>
/// <remarks>
/// Maker and listener are one, so that nobody can measure before somebody listens, and two servers in one process (as in
/// tests) do not see each other's numbers.
/// </remarks>
internal sealed class MetricStore : IMeterFactory
{
    private const string OurMeters = "Dex.";

    private readonly ConcurrentDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Name, string? Version), Meter> _meters = new();
    private readonly Lock _scraping = new();
    private readonly MeterListener _listener;

    public MetricStore()
    {
        _listener = new MeterListener { InstrumentPublished = Publish };
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, family) => Record(value, tags, family));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, family) => Record(value, tags, family));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => Record(value, tags, family));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => Record(value, tags, family));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, family) => Record(value, tags, family));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => Record(value, tags, family));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, family) => Record((double)value, tags, family));
        _listener.Start();
    }

    public Meter Create(MeterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return _meters.GetOrAdd(
            (options.Name, options.Version),
            static (key, state) => new Meter(new MeterOptions(key.Name) { Version = key.Version, Tags = state.Tags, Scope = state.Store }),
            (Store: this, options.Tags));
    }

    /// <summary>Writes all families, sorted by name.</summary>
    /// <exception cref="AggregateException">An observable instrument failed; all others are written.</exception>
    public void Write(IBufferWriter<byte> output)
    {
        lock (_scraping)
        {
            foreach (var family in _families.Values)
                family.BeginScrape();
            try
            {
                _listener.RecordObservableInstruments();
            }
            finally
            {
                foreach (var family in _families.Values.OrderBy(family => family.Name, StringComparer.Ordinal))
                    family.Write(output);
            }
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var meter in _meters.Values)
            meter.Dispose();
    }

    private static void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? family) =>
        ((MetricFamily)family!).Record(value, tags);

    private void Publish(Instrument instrument, MeterListener listener)
    {
        if (!ReferenceEquals(instrument.Meter.Scope, this) || !instrument.Meter.Name.StartsWith(OurMeters, StringComparison.Ordinal))
            return;
        var family = _families.GetOrAdd(MetricNames.Clean(instrument.Name), static (_, instrument) => new MetricFamily(instrument), instrument);

        // One name cannot be two things; the first to claim it keeps it.
        if (family.Kind == MetricFamily.KindOf(instrument))
            listener.EnableMeasurementEvents(instrument, family);
    }
}
