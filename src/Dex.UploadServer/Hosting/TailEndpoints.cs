namespace Dex.UploadServer.Hosting;

/// <summary>Endpoints that take exactly one path segment behind a mount path. Routing treats <c>/x/</c> as <c>/x</c>; the wire does not (spec: http-api.md 8).</summary>
internal static class TailEndpoints
{
    /// <summary>Maps every method of <c>{prefix}{segment}</c>; anything else below the prefix is a plain 404.</summary>
    /// <param name="prefix">With a slash at both ends.</param>
    /// <param name="handler">Gets the segment, decoded but for <c>%2F</c>; untrusted.</param>
    public static IEndpointConventionBuilder MapTail(this IEndpointRouteBuilder endpoints, string prefix, Func<HttpContext, string, Task<IResult>> handler) =>
        endpoints.Map(prefix + "{**tail}", async http =>
        {
            var path = http.Request.PathBase.Add(http.Request.Path).Value ?? "";
            var tail = path.StartsWith(prefix, StringComparison.Ordinal) ? path[prefix.Length..] : "";
            var result = tail.Length == 0 || tail.Contains('/', StringComparison.Ordinal)
                ? PlainError(http, StatusCodes.Status404NotFound, "404 page not found")
                : await handler(http, tail);
            await result.ExecuteAsync(http);
        });

    /// <summary>An error as the wire has most of them: one line of text (spec: http-api.md 1).</summary>
    public static IResult PlainError(HttpContext http, int status, string text)
    {
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return Results.Text(text + "\n", "text/plain; charset=utf-8", statusCode: status);
    }
}
