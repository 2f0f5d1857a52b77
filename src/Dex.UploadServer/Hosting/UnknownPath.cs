namespace Dex.UploadServer.Hosting;

/// <summary>Answers what no room has mapped (spec: http-api.md 1).</summary>
/// <remarks>Looks at the endpoint that routing chose rather than mapping a fallback: a fallback would swallow the 405 of mapped paths.</remarks>
internal sealed class UnknownPath(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext http) => http.GetEndpoint() is { } endpoint && IsExact(endpoint, http.Request)
        ? next(http)
        : PlainTextAnswer.WriteAsync(http, StatusCodes.Status404NotFound, "404 page not found\n"u8);

    // Routing takes "/Health" and "/health/" for "/health"; the wire does not. What has parameters judges for itself.
    private static bool IsExact(Endpoint endpoint, HttpRequest request) =>
        endpoint is not RouteEndpoint { RoutePattern: { Parameters.Count: 0, RawText: { } path } } || request.Path.Value == path;
}
