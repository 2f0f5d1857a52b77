using System.Buffers;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Routing;

/// <summary><c>POST /route/{id}</c>: asks for one more delivery (spec: http-api.md 9, reliability.md 9).</summary>
internal sealed partial class RouteEndpoint(Redeliverer redeliverer, IDeliverySource source, TimeProvider clock, ILogger<RouteEndpoint> logger)
{
    private const int MostBodyBytes = 64 * 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    public async Task<IResult> HandleAsync(HttpContext http, string uploadId)
    {
        // 400, not 405: senders in the field match on it.
        if (!HttpMethods.IsPost(http.Request.Method))
            return Results.StatusCode(StatusCodes.Status400BadRequest);
        if (http.Request.Headers.ContentEncoding is { Count: > 0 } encoding && !string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase))
            return TailEndpoints.PlainError(http, StatusCodes.Status415UnsupportedMediaType, "compressed bodies are not supported");

        var (body, isTooLarge) = await ReadBodyAsync(http);
        if (isTooLarge)
            return TailEndpoints.PlainError(http, StatusCodes.Status413PayloadTooLarge, "request body too large");
        if (body is null || RouteRequest.Parse(body) is not { } request)
            return Results.StatusCode(StatusCodes.Status400BadRequest);
        if (request.Source != RouteRequest.UploadSource)
            return Bare(StatusCodes.Status500InternalServerError, "Could not find source");
        if (!UploadIds.TryParse(uploadId, out var id))
            return Bare(StatusCodes.Status404NotFound, source.NotFoundMessage);

        try
        {
            return await redeliverer.RequestAsync(id, request.Target, http.RequestAborted) switch
            {
                RedeliveryVerdict.Accepted => Bare(StatusCodes.Status200OK, id),
                RedeliveryVerdict.SourceMissing => Bare(StatusCodes.Status404NotFound, source.NotFoundMessage),
                RedeliveryVerdict.UnknownTarget => TailEndpoints.PlainError(http, StatusCodes.Status400BadRequest, "Invalid target"),
                _ => TailEndpoints.PlainError(http, StatusCodes.Status400BadRequest, "Invalid target for metadata"),
            };
        }
        catch (Exception error) when (!http.RequestAborted.IsCancellationRequested)
        {
            // Storage or ledger away: whatever they throw is for the log, not for the client.
            LogFailed(id, request.Target, error);
            return Bare(StatusCodes.Status500InternalServerError, "failed to queue redelivery");
        }
    }

    private async Task<(byte[]? Body, bool IsTooLarge)> ReadBodyAsync(HttpContext http)
    {
        if (http.Request.ContentLength > MostBodyBytes)
            return (null, true);

        var reader = http.Request.BodyReader;
        using var patience = new CancellationTokenSource(s_patience, clock);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, patience.Token);
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(reading.Token);
                var isTooLarge = read.Buffer.Length > MostBodyBytes;
                if (isTooLarge || read.IsCompleted)
                {
                    var body = isTooLarge ? null : read.Buffer.ToArray();
                    reader.AdvanceTo(read.Buffer.End);
                    return (body, isTooLarge);
                }

                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // Cut short, broken framing, or no end in sight: the client's doing.
            return (null, false);
        }
    }

    private static IResult Bare(int status, string text) => Results.Text(text, "text/plain; charset=utf-8", statusCode: status);

    [LoggerMessage(LogLevel.Error, "failed to queue redelivery {uploadId}{target}")]
    private partial void LogFailed(string uploadId, string target, Exception error);
}
