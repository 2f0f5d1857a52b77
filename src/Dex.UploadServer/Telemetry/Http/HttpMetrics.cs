using System.Diagnostics.Metrics;
using System.Globalization;

namespace Dex.UploadServer.Telemetry.Http;

/// <summary>What the API port counts of its requests (spec: metrics-logs-traces.md 2.1).</summary>
internal sealed class HttpMetrics
{
    public const string MeterName = "Dex.Telemetry";

    private const string OtherMethod = "other";

    // Made once, so that counting a request makes no garbage.
    private static readonly string[] Codes = [.. Enumerable.Range(0, 1000).Select(code => code.ToString(CultureInfo.InvariantCulture))];

    private readonly Counter<long> _requests;
    private readonly UpDownCounter<long> _open;

    public HttpMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _requests = meter.CreateCounter<long>(
            "http_requests_total", description: "How many HTTP requests processed, partitioned by status code and HTTP method.");
        _open = meter.CreateUpDownCounter<long>(
            "dex_server_connections_open", description: "Current number of server open connections.");
        _open.EnsureExists();
    }

    public void RequestBegins() => _open.Add(1);

    public void RequestEnds(string method, int statusCode)
    {
        _open.Add(-1);
        _requests.Add(
            1,
            new KeyValuePair<string, object?>("code", Codes[Math.Clamp(statusCode, 0, Codes.Length - 1)]),
            new KeyValuePair<string, object?>("method", Bound(method)));
    }

    // Methods come from clients: any other word would be a series of its own.
    private static string Bound(string method) => method switch
    {
        "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" or "CONNECT" or "TRACE" => method,
        _ => OtherMethod,
    };
}
