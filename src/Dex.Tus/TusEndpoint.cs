using Dex.Tus.Dialects;
using Dex.Tus.Limits;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.Tus.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dex.Tus;

/// <summary>The front door: whatever arrives below the mount path is answered here, in the dialect it was asked in.</summary>
/// <remarks>A new dialect is one more front end over the same operations, chosen per request (spec: tus.md R6).</remarks>
internal sealed partial class TusEndpoint(
    Tus1FrontEnd tus1, DraftFrontEnd draft, PlainFrontEnd plain, ClientLimits clients, TusMetrics metrics, TimeProvider clock,
    IHostApplicationLifetime host, IOptions<TusOptions> options, ILogger<TusEndpoint> logger)
{
    private const int LongestRequestId = 36;

    private readonly TusOptions _options = options.Value;
    private readonly string _mountPath = options.Value.MountPath;

    /// <summary>Answers the request if it is for an upload path.</summary>
    /// <returns>False if it is not, and nothing was done.</returns>
    public ValueTask<bool> TryHandleAsync(HttpContext http) =>
        UploadPath.TryRead(http.Request.Path.Value ?? "", _mountPath, _options.AcceptsLongIds, out var path) ? HandleAsync(http, path) : new(false);

    private async ValueTask<bool> HandleAsync(HttpContext http, UploadPath path)
    {
        var method = RequestMethod.Of(http.Request);
        metrics.RequestReceived(method);
        http.Response.Headers.XContentTypeOptions = "nosniff";
        var place = clients.Enter(http, method, path);
        try
        {
            if (!CrossOrigin.Apply(http, _options, isPreflight: method == HttpMethods.Options))
                await Answers.WriteErrorAsync(http, metrics, TusErrors.OriginNotAllowed);
            else if (place.RetryAfter is { } pause)
                await Answers.WriteBusyAsync(http, metrics, pause);
            else if (DraftVersion.Of(http.Request, method) is { } version)
                await draft.HandleAsync(http, method, path, version);
            else if (PlainRequest.Of(http.Request, path, _mountPath) is { } whole)
                await plain.HandleAsync(http, whole);
            else
                await tus1.HandleAsync(http, method, path);
        }
        catch (Exception error) when (!http.Response.HasStarted)
        {
            await AnswerFailureAsync(http, path, error);
        }
        finally
        {
            place.Dispose();
        }

        if (http.Response.StatusCode >= StatusCodes.Status400BadRequest)
            await BodyDrain.RunAsync(http, _options.DrainTimeout, clock, host.ApplicationStopping);
        return true;
    }

    // What nobody foresaw, caught once: told without internals, logged with them.
    private async ValueTask AnswerFailureAsync(HttpContext http, UploadPath path, Exception error)
    {
        if (error is OperationCanceledException && http.RequestAborted.IsCancellationRequested)
            return;

        switch (error)
        {
            case StoreFullException:
                LogFull(path.UploadId, http.Request.Method, http.Request.Path, RequestIdOf(http.Request), error);
                await Answers.WriteErrorAsync(http, metrics, TusErrors.StoreFull);
                break;
            case BadHttpRequestException bad:
                await Answers.WriteErrorAsync(http, metrics, bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? TusErrors.UploadSizeExceeded : TusErrors.UnexpectedEndOfBody);
                break;
            case InvalidDataException:
                LogFailed(path.UploadId, http.Request.Method, http.Request.Path, RequestIdOf(http.Request), error);
                await Answers.WriteErrorAsync(http, metrics, TusErrors.Internal("the record of the upload cannot be read"));
                break;
            default:
                LogFailed(path.UploadId, http.Request.Method, http.Request.Path, RequestIdOf(http.Request), error);
                await Answers.WriteErrorAsync(http, metrics, TusErrors.Internal("storage or recording failed; try again"));
                break;
        }
    }

    // Whatever a gateway has given the request, so that its log and ours can be laid side by side; a UUID's length at most.
    private static string RequestIdOf(HttpRequest request)
    {
        var id = request.Headers["X-Request-ID"].ToString();
        return id.Length <= LongestRequestId ? id : id[..LongestRequestId];
    }

    [LoggerMessage(LogLevel.Error, "upload request failed {uploadId}{method}{path}{requestId}")]
    private partial void LogFailed(string? uploadId, string method, string path, string requestId, Exception error);

    [LoggerMessage(LogLevel.Error, "no room left in the upload store {uploadId}{method}{path}{requestId}")]
    private partial void LogFull(string? uploadId, string method, string path, string requestId, Exception error);
}
