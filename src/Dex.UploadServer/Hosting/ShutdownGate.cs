using Dex.Tus;
using Dex.Tus.Wire;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Once the server is stopping, refuses new requests on connections that are still open (spec: reliability.md E2, tus.md 12, 17).</summary>
internal sealed class ShutdownGate(RequestDelegate next, IHostApplicationLifetime lifetime, IOptions<TusOptions> tus)
{
    private readonly CancellationToken _stopping = lifetime.ApplicationStopping;

    public Task InvokeAsync(HttpContext http)
    {
        if (!_stopping.IsCancellationRequested)
            return next(http);
        CrossOrigin.Apply(http, tus.Value, isPreflight: false); // or a browser would show a network error
        var headers = http.Response.Headers;
        headers.Connection = "close";
        headers.RetryAfter = "1";
        headers["Tus-Resumable"] = "1.0.0";
        return PlainTextAnswer.WriteAsync(
            http, StatusCodes.Status503ServiceUnavailable, "ERR_SERVER_SHUTDOWN: request has been interrupted because the server is shutting down\n"u8);
    }
}
