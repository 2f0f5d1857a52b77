using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Dex.UploadServer.Telemetry;

namespace Dex.UploadServer.Delivery;

/// <summary>What dashboards know of deliveries (spec: metrics-logs-traces.md 2.1).</summary>
internal sealed class DeliveryMetrics
{
    /// <summary>What the predecessor kept in memory is in the ledger.</summary>
    public const string LedgerQueue = "memory channel";

    private readonly Counter<long> _deliveries;
    private readonly Counter<long> _dead;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _lost;
    private readonly Histogram<double> _speed;
    private readonly ConcurrentDictionary<string, RunningCount> _active = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _queued = new(StringComparer.Ordinal) { [LedgerQueue] = 0 };

    public DeliveryMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Dex.Delivery");
        _deliveries = meter.CreateCounter<long>("dex_server_deliveries_total", null, "Number of deliveries that have been handled by the server");
        _dead = meter.CreateCounter<long>("dex_server_deliveries_dead_total", null, "Number of deliveries that have been given up after their last attempt");
        _retries = meter.CreateCounter<long>("dex_server_delivery_retries_total", null, "Number of failed delivery attempts that will be tried again");
        _lost = meter.CreateCounter<long>("dex_server_delivery_claims_lost_total", null, "Number of delivery attempts whose claim was taken over before they ended");
        _speed = meter.CreateHistogram<double>("dex_server_delivery_speed_bytes_per_second", null, "File delivery speed distribution", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = SpeedBuckets() });
        meter.CreateObservableGauge("dex_server_active_deliveries", ObserveActive, null, "Gauge showing number of deliveries in progress");
        meter.CreateObservableGauge("dex_server_queue_messages", ObserveQueues, null, "Current number of messages in an event queue");
    }

    /// <summary>Makes all series of a target exist, at zero.</summary>
    public void Introduce(string target)
    {
        Active(target);
        foreach (var result in (string[])["started", "completed", "failed"])
            _deliveries.EnsureExists(Target(target), Result(result));
        _dead.EnsureExists(Target(target));
        _retries.EnsureExists(Target(target));
        _speed.EnsureExists(Target(target));
        _lost.EnsureExists(Target(target));
    }

    public void Started(string target)
    {
        Interlocked.Increment(ref Active(target).Value);
        _deliveries.Add(1, Target(target), Result("started"));
    }

    /// <summary>The attempt is over, whatever came of it.</summary>
    public void Ended(string target) => Interlocked.Decrement(ref Active(target).Value);

    public void Completed(string target, long bytes, TimeSpan duration)
    {
        _deliveries.Add(1, Target(target), Result("completed"));
        if (duration > TimeSpan.Zero)
            _speed.Record(bytes / duration.TotalSeconds, Target(target));
    }

    public void Failed(string target) => _deliveries.Add(1, Target(target), Result("failed"));

    public void Retrying(string target) => _retries.Add(1, Target(target));

    public void Dead(string target) => _dead.Add(1, Target(target));

    public void ClaimLost(string target) => _lost.Add(1, Target(target));

    public void Queued(string queue, long messages) => _queued[queue] = messages;

    private IEnumerable<Measurement<long>> ObserveQueues() =>
        _queued.Select(queue => new Measurement<long>(queue.Value, new KeyValuePair<string, object?>("queue", queue.Key)));

    private RunningCount Active(string target) => _active.GetOrAdd(target, static _ => new RunningCount());

    private IEnumerable<Measurement<int>> ObserveActive() =>
        _active.Select(target => new Measurement<int>(Volatile.Read(ref target.Value.Value), Target(target.Key)));

    private static KeyValuePair<string, object?> Target(string target) => new("target", target);

    private static KeyValuePair<string, object?> Result(string result) => new("result", result);

    // 10 × 2.5^n by repeated multiplication: the roundings are part of the series' names.
    private static double[] SpeedBuckets()
    {
        var buckets = new double[20];
        var bound = 10.0;
        for (var n = 0; n < buckets.Length; n++, bound *= 2.5)
            buckets[n] = bound;
        return buckets;
    }

    private sealed class RunningCount
    {
        public int Value;
    }
}
