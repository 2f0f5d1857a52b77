namespace Dex.UploadServer.Uploads;

internal static class UploadScope
{
    /// <summary>Every line logged until disposed carries <c>uploadId</c> (spec: metrics-logs-traces.md 4).</summary>
    public static IDisposable? BeginUploadScope(this ILogger logger, string uploadId) =>
        logger.BeginScope(new KeyValuePair<string, object?>[] { new("uploadId", uploadId) });
}
