namespace Dex.UploadServer.Hosting;

/// <summary>Endpoints that take exactly one path segment behind a mount path. Routing treats <c>/x/</c> as <c>/x</c>; the wire does not (spec: http-api.md 8).</summary>
internal static class TailEndpoints
{
    /// <summary>Maps every method of <c>{prefix}{segment}</c>; anything else below the prefix is a plain 404.</summary>
    /// <param name="prefix">With a slash at both ends.</param>
    /// <param name="handler">Gets the segment, decoded but for <c>%2F</c>; untrusted.</param>
    public static IEndpointConventionBuilder MapTail(this IEndpointRouteBuilder endpoints, string prefix, Func<HttpContext, string, Task> handler) =>
        endpoints.Map(prefix + "{**tail}", http =>
        {
            var path = http.Request.PathBase.Add(http.Request.Path).Value ?? "";
            var tail = path.StartsWith(prefix, StringComparison.Ordinal) ? path[prefix.Length..] : "";
            return tail.Length == 0 || tail.Contains('/', StringComparison.Ordinal)
                ? PlainTextAnswer.WriteAsync(http, StatusCodes.Status404NotFound, "404 page not found\n"u8)
                : handler(http, tail);
        });
}
