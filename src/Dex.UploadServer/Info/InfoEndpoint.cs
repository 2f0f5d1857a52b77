using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Info;

/// <summary><c>/info/{id}</c>, any method, as senders are used to (spec: http-api.md 8).</summary>
internal sealed partial class InfoEndpoint(UploadInspector inspector, ILogger<InfoEndpoint> logger)
{
    private const string NoManifest = "error getting file manifest";
    private const string NoStatus = "error getting file upload status";

    public async Task<IResult> HandleAsync(HttpContext http, string id)
    {
        if (!UploadIds.TryParse(id, out var uploadId))
            return NotFound(http);

        var failure = NoManifest;
        try
        {
            if (await inspector.FindAsync(uploadId, http.RequestAborted) is not { } upload)
                return NotFound(http);
            failure = NoStatus;
            if (await inspector.InspectAsync(upload, http.RequestAborted) is not { } info)
                return NotFound(http);
            http.Response.Headers.XContentTypeOptions = "nosniff";
            return Results.Bytes(InfoJson.Write(info), "application/json");
        }
        catch (Exception error) when (!http.RequestAborted.IsCancellationRequested)
        {
            // Store or ledger away, or a record nobody can read: the detail is for the log, the manifest for nobody.
            LogFailed(failure, uploadId, error);
            return TailEndpoints.PlainError(http, StatusCodes.Status500InternalServerError, failure);
        }
    }

    private static IResult NotFound(HttpContext http) => TailEndpoints.PlainError(http, StatusCodes.Status404NotFound, NoManifest);

    [LoggerMessage(LogLevel.Error, "failed to answer info {failure}{uploadId}")]
    private partial void LogFailed(string failure, string uploadId, Exception error);
}
