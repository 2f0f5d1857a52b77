using System.Buffers;
using System.Text;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Routing;

/// <summary><c>POST /route/{id}</c>: asks for one more delivery (spec: http-api.md 9, reliability.md 9).</summary>
internal sealed partial class RouteEndpoint(Redeliverer redeliverer, IDeliverySource source, TimeProvider clock, ILogger<RouteEndpoint> logger)
{
    private const int MostBodyBytes = 64 * 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    public async Task HandleAsync(HttpContext http, string id)
    {
        // 400, not 405: senders in the field match on it.
        if (!HttpMethods.IsPost(http.Request.Method))
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        if (http.Request.Headers.ContentEncoding is { Count: > 0 } encoding && !string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase))
        {
            await PlainTextAnswer.WriteAsync(http, StatusCodes.Status415UnsupportedMediaType, "compressed bodies are not supported\n"u8);
            return;
        }

        var (body, isTooLarge) = await ReadBodyAsync(http);
        if (isTooLarge)
            await PlainTextAnswer.WriteAsync(http, StatusCodes.Status413PayloadTooLarge, "request body too large\n"u8);
        else if (body is null || RouteRequest.Parse(body) is not { } request)
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
        else if (request.Source != RouteRequest.UploadSource)
            await WriteBareAsync(http, StatusCodes.Status500InternalServerError, "Could not find source");
        else if (!UploadIds.TryParse(id, out var uploadId))
            await WriteBareAsync(http, StatusCodes.Status404NotFound, source.NotFoundMessage);
        else
            await RedeliverAsync(http, uploadId, request.Target);
    }

    private async Task RedeliverAsync(HttpContext http, string uploadId, string target)
    {
        RedeliveryVerdict verdict;
        try
        {
            verdict = await redeliverer.RequestAsync(uploadId, target, http.RequestAborted);
        }
        catch (Exception error) when (!http.RequestAborted.IsCancellationRequested)
        {
            // Storage or ledger away: whatever they throw is for the log, not for the client.
            LogFailed(uploadId, error);
            await WriteBareAsync(http, StatusCodes.Status500InternalServerError, "failed to queue redelivery");
            return;
        }

        await (verdict switch
        {
            RedeliveryVerdict.Accepted => WriteBareAsync(http, StatusCodes.Status200OK, uploadId),
            RedeliveryVerdict.SourceMissing => WriteBareAsync(http, StatusCodes.Status404NotFound, source.NotFoundMessage),
            RedeliveryVerdict.Rejected => PlainTextAnswer.WriteAsync(http, StatusCodes.Status409Conflict, "upload does not match its declared digest\n"u8),
            RedeliveryVerdict.UnknownTarget => PlainTextAnswer.WriteAsync(http, StatusCodes.Status400BadRequest, "Invalid target\n"u8),
            _ => PlainTextAnswer.WriteAsync(http, StatusCodes.Status400BadRequest, "Invalid target for metadata\n"u8),
        });
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

    // Unlike other plain texts these end without a line feed; the retry tool compares the id.
    private static async Task WriteBareAsync(HttpContext http, int status, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.ContentLength = bytes.Length;
        await http.Response.BodyWriter.WriteAsync(bytes, http.RequestAborted);
    }

    [LoggerMessage(LogLevel.Error, "failed to queue redelivery {uploadId}")]
    private partial void LogFailed(string uploadId, Exception error);
}
