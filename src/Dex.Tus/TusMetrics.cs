using System.Diagnostics.Metrics;

namespace Dex.Tus;

/// <summary>The engine's counters, under the names that dashboards know (spec: metrics-logs-traces.md 2.2).</summary>
internal sealed class TusMetrics
{
    private static readonly string[] CountedMethods = ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"];

    private readonly Counter<long> _requests;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _bytesReceived;
    private readonly Counter<long> _created;
    private readonly Counter<long> _finished;
    private readonly Counter<long> _terminated;
    private readonly Counter<long> _hookInvocations;
    private readonly Counter<long> _hookErrors;
    private readonly Counter<long> _bodiesEndedEarly;
    private readonly Histogram<double> _takeOvers;
    private readonly Histogram<double> _finishes;

    public TusMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Dex.Tus");
        _requests = meter.CreateCounter<long>("tusd_requests_total", description: "Total number of requests served by tusd per method.");
        _errors = meter.CreateCounter<long>("tusd_errors_total", description: "Total number of errors per status.");
        _bytesReceived = meter.CreateCounter<long>("tusd_bytes_received", description: "Number of bytes received for uploads.");
        _created = meter.CreateCounter<long>("tusd_uploads_created", description: "Number of created uploads.");
        _finished = meter.CreateCounter<long>("tusd_uploads_finished", description: "Number of finished uploads.");
        _terminated = meter.CreateCounter<long>("tusd_uploads_terminated", description: "Number of terminated uploads.");
        _hookInvocations = meter.CreateCounter<long>("tusd_hook_invocations_total", description: "Total number of invocations per hook type.");
        _hookErrors = meter.CreateCounter<long>("tusd_hook_errors_total", description: "Total number of execution errors per hook type.");
        _bodiesEndedEarly = meter.CreateCounter<long>("dex_tus_bodies_ended_early_total", description: "Request bodies that ended before their end, by reason.");
        _takeOvers = CreateDuration(meter, "dex_tus_lock_takeover_seconds", "Time until a request had an upload that another one held.");
        _finishes = CreateDuration(meter, "dex_tus_finish_seconds", "Time until the store had a whole upload flushed.");
        foreach (var method in CountedMethods)
            _requests.Add(0, new KeyValuePair<string, object?>("method", method));
        foreach (var counter in (ReadOnlySpan<Counter<long>>)[_bytesReceived, _created, _finished, _terminated])
            counter.Add(0);
    }

    public void RequestReceived(string method)
    {
        if (Array.IndexOf(CountedMethods, method) is >= 0 and var known)
            _requests.Add(1, new KeyValuePair<string, object?>("method", CountedMethods[known]));
    }

    public void Refused(int statusCode, string code) => _errors.Add(1,
        new KeyValuePair<string, object?>("status", statusCode.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        new KeyValuePair<string, object?>("code", code));

    public void BytesReceived(long bytes) => _bytesReceived.Add(bytes);

    public void UploadCreated() => _created.Add(1);

    public void UploadFinished() => _finished.Add(1);

    public void UploadTerminated() => _terminated.Add(1);

    public void HookInvoked(string hook) => _hookInvocations.Add(1, new KeyValuePair<string, object?>("hooktype", hook));

    public void HookFailed(string hook) => _hookErrors.Add(1, new KeyValuePair<string, object?>("hooktype", hook));

    public void BodyEndedEarly(string reason) => _bodiesEndedEarly.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void TakenOver(TimeSpan waited) => _takeOvers.Record(waited.TotalSeconds);

    public void Flushed(TimeSpan duration) => _finishes.Record(duration.TotalSeconds);

    private static Histogram<double> CreateDuration(Meter meter, string name, string description) => meter.CreateHistogram(
        name, description: description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 5, 20] });
}
