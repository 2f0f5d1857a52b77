namespace Dex.UploadServer.Telemetry.Http;

/// <summary>Counts every request at its end, and says which trace an upload's request belongs to (spec: metrics-logs-traces.md 2.1, 4).</summary>
internal sealed partial class RequestTelemetry(RequestDelegate next, HttpMetrics metrics, ILogger<RequestTelemetry> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        metrics.RequestBegins();
        var failed = true;
        try
        {
            TellTrace(context.Request.Path);
            await next(context);
            failed = false;
        }
        finally
        {
            // The server answers 500 for a handler that throws, unless the answer is on its way.
            var code = failed && !context.Response.HasStarted ? StatusCodes.Status500InternalServerError : context.Response.StatusCode;
            metrics.RequestEnds(context.Request.Method, code);
        }
    }

    private void TellTrace(PathString path)
    {
        if (logger.IsEnabled(LogLevel.Information) && path.Value is { } text && UploadTrace.FindUploadId(text) is { } uploadId)
            LogTracing(uploadId, UploadTrace.TraceIdOf(uploadId));
    }

    [LoggerMessage(LogLevel.Information, "tracing upload {upload_id}{trace_id}")]
    private partial void LogTracing(string upload_id, string trace_id);
}
