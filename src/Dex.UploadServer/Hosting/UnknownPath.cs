namespace Dex.UploadServer.Hosting;

/// <summary>Answers what no room has mapped (spec: http-api.md 1).</summary>
/// <remarks>Looks at the endpoint that routing chose rather than mapping a fallback: a fallback would swallow the 405 of mapped paths.</remarks>
internal sealed class UnknownPath(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext http) => http.GetEndpoint() is null
        ? PlainTextAnswer.WriteAsync(http, StatusCodes.Status404NotFound, "404 page not found\n"u8)
        : next(http);
}
