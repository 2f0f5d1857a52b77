using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Info;

/// <summary><c>/info/{id}</c>, any method, as senders are used to (spec: http-api.md 8).</summary>
internal sealed partial class InfoEndpoint(UploadInspector inspector, ILogger<InfoEndpoint> logger)
{
    public async Task HandleAsync(HttpContext http, string id)
    {
        UploadInfo? info = null;
        var manifestFound = false;
        try
        {
            if (UploadIds.TryParse(id, out var uploadId) && await inspector.FindAsync(uploadId, http.RequestAborted) is { } upload)
            {
                manifestFound = true;
                info = await inspector.InspectAsync(upload, http.RequestAborted);
            }
        }
        catch (Exception error) when (!http.RequestAborted.IsCancellationRequested)
        {
            // Store or ledger away, or a record nobody can read: the detail is for the log, the manifest for nobody.
            LogFailed(id, error);
            await (manifestFound
                ? PlainTextAnswer.WriteAsync(http, StatusCodes.Status500InternalServerError, "error getting file upload status\n"u8)
                : PlainTextAnswer.WriteAsync(http, StatusCodes.Status500InternalServerError, "error getting file manifest\n"u8));
            return;
        }

        await (info is null
            ? PlainTextAnswer.WriteAsync(http, StatusCodes.Status404NotFound, "error getting file manifest\n"u8)
            : WriteAsync(http, InfoJson.Write(info)));
    }

    private static async Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> json)
    {
        http.Response.ContentType = "application/json";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.ContentLength = json.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.BodyWriter.WriteAsync(json, http.RequestAborted);
    }

    [LoggerMessage(LogLevel.Error, "failed to answer info {uploadId}")]
    private partial void LogFailed(string uploadId, Exception error);
}
