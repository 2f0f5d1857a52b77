using System.Buffers;
using System.Diagnostics.Metrics;
using System.IO.Compression;
using Dex.UploadServer.Telemetry.Metrics;
using Microsoft.Net.Http.Headers;

namespace Dex.UploadServer.Telemetry.Http;

/// <summary><c>GET /metrics</c>: the text format whatever the scraper would rather have, since OpenMetrics renames counters (spec: metrics-logs-traces.md 1).</summary>
internal sealed partial class MetricsEndpoint
{
    private const int SpaceAtFirst = 32 * 1024;

    private readonly MetricStore _store;
    private readonly ILogger<MetricsEndpoint> _logger;
    private readonly Counter<long> _scrapes;
    private readonly UpDownCounter<long> _scraping;

    public MetricsEndpoint(MetricStore store, ILogger<MetricsEndpoint> logger)
    {
        _store = store;
        _logger = logger;
        var meter = store.Create(HttpMetrics.MeterName);
        _scrapes = meter.CreateCounter<long>(
            "promhttp_metric_handler_requests_total", description: "Total number of scrapes by HTTP status code.");
        foreach (var code in (string[])["200", "500", "503"])
            _scrapes.EnsureExists(Code(code));
        _scraping = meter.CreateUpDownCounter<long>(
            "promhttp_metric_handler_requests_in_flight", description: "Current number of scrapes being served.");
        _scraping.EnsureExists();
    }

    public async Task AnswerAsync(HttpContext context)
    {
        _scraping.Add(1);
        try
        {
            var text = Collect();
            context.Response.StatusCode = StatusCodes.Status200OK;
            context.Response.ContentType = MetricText.ContentType;
            context.Response.Headers.Vary = HeaderNames.AcceptEncoding;
            if (AcceptsGzip(context.Request))
            {
                text = Compress(text);
                context.Response.Headers.ContentEncoding = "gzip";
            }

            context.Response.ContentLength = text.Length;
            await context.Response.Body.WriteAsync(text, context.RequestAborted);
            _scrapes.Add(1, Code("200"));
        }
        finally
        {
            _scraping.Add(-1);
        }
    }

    private static KeyValuePair<string, object?> Code(string code) => new("code", code);

    private ReadOnlyMemory<byte> Collect()
    {
        var output = new ArrayBufferWriter<byte>(SpaceAtFirst);
        try
        {
            _store.Write(output);
        }
        catch (AggregateException error)
        {
            // One broken gauge must not hide all other numbers.
            LogIncomplete(error);
        }

        return output.WrittenMemory;
    }

    private static ReadOnlyMemory<byte> Compress(ReadOnlyMemory<byte> text)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(text.Span);
        return output.GetBuffer().AsMemory(0, (int)output.Length);
    }

    private static bool AcceptsGzip(HttpRequest request) =>
        StringWithQualityHeaderValue.TryParseList(request.Headers.AcceptEncoding, out var accepted)
        && accepted.Any(encoding => encoding.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase) && encoding.Quality is not 0);

    [LoggerMessage(LogLevel.Warning, "some metrics could not be collected")]
    private partial void LogIncomplete(Exception error);
}
