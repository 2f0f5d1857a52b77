using System.Diagnostics.Metrics;
using Dex.UploadServer.Telemetry;

namespace Dex.UploadServer.Uploads;

/// <summary>What dashboards see of uploads (spec: metrics-logs-traces.md 2.1 and 6).</summary>
internal sealed class UploadMetrics
{
    private readonly UpDownCounter<long> _active;
    private readonly Histogram<double> _speed;
    private readonly Counter<long> _recovered;
    private readonly Counter<long> _rejected;
    private readonly Lock _gate = new();
    private long _activeNow;

    public UploadMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Dex.Uploads");
        _active = meter.CreateUpDownCounter<long>("dex_server_active_uploads", description: "Current number of active uploads");
        _active.EnsureExists();
        _recovered = meter.CreateCounter<long>("dex_server_completions_recovered_total", description: "Number of uploads that were complete in the store and made so by the server itself");
        _recovered.EnsureExists();
        _rejected = meter.CreateCounter<long>("dex_server_uploads_rejected_total", description: "Number of complete uploads that did not match their declared digest and were not delivered");
        _rejected.EnsureExists();
        _speed = meter.CreateHistogram("dex_server_upload_speed_bytes_per_second", description: "File upload speed distribution",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.. Enumerable.Range(0, 20).Select(n => 10 * Math.Pow(2.5, n))] });
        _speed.EnsureExists();
    }

    public void Started(int uploads = 1) => Change(uploads);

    public void Ended() => Change(-1);

    public void Recovered() => _recovered.Add(1);

    public void Rejected() => _rejected.Add(1);

    /// <param name="length">Bytes.</param>
    public void Completed(long length, TimeSpan sinceIngest)
    {
        if (sinceIngest > TimeSpan.Zero)
            _speed.Record(length / sinceIngest.TotalSeconds);
    }

    // Uploads from before this process can end in it, so the gauge is held at 0.
    private void Change(long by)
    {
        lock (_gate)
        {
            by = Math.Max(by, -_activeNow);
            _activeNow += by;
        }

        _active.Add(by);
    }
}
