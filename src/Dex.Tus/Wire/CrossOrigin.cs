using Microsoft.AspNetCore.Http;

namespace Dex.Tus.Wire;

/// <summary>The CORS headers of every answer (spec: tus.md 13).</summary>
public static class CrossOrigin
{
    private const string AllowMethods = "POST, HEAD, PATCH, OPTIONS, GET, DELETE";

    private const string AllowHeaders =
        "Authorization, Origin, X-Requested-With, X-Request-ID, X-HTTP-Method-Override, Content-Type, Upload-Length, Upload-Offset, "
        + "Tus-Resumable, Upload-Metadata, Upload-Defer-Length, Upload-Concat, Upload-Incomplete, Upload-Complete, "
        + "Upload-Draft-Interop-Version, Upload-Checksum, Content-Digest, Repr-Digest, Want-Repr-Digest, Content-Disposition";

    private const string ExposeHeaders =
        "Upload-Offset, Location, Upload-Length, Tus-Version, Tus-Resumable, Tus-Max-Size, Tus-Extension, Upload-Metadata, "
        + "Upload-Defer-Length, Upload-Concat, Upload-Incomplete, Upload-Complete, Upload-Draft-Interop-Version, Upload-Expires, "
        + "Upload-Limit, Tus-Checksum-Algorithm, Repr-Digest";

    /// <summary>Adds the headers that the request's origin calls for.</summary>
    /// <param name="isPreflight">Whether this answers <c>OPTIONS</c>.</param>
    /// <returns>False if the origin is not allowed: answer 403 without CORS headers.</returns>
    public static bool Apply(HttpContext http, TusOptions options, bool isPreflight)
    {
        var response = http.Response.Headers;
        response.Vary = "Origin";
        var origins = http.Request.Headers.Origin;
        if (origins.Count == 0)
            return true;
        if (options.AllowedOrigins is { } allowed && !(origins.Count == 1 && allowed.IsMatch(origins[0]!)))
            return false;

        // An origin that is no single line of printable ASCII is nobody's browser; it gets an answer it cannot read.
        if (origins.Count != 1 || origins[0] is not { Length: > 0 } origin || origin.AsSpan().ContainsAnyExceptInRange('!', '~'))
            return true;

        response.AccessControlAllowOrigin = origin;
        response.AccessControlAllowCredentials = "true";
        if (isPreflight)
        {
            response.AccessControlAllowMethods = AllowMethods;
            response.AccessControlAllowHeaders = AllowHeaders;
            response.AccessControlMaxAge = "86400";
        }
        else
        {
            response.AccessControlExposeHeaders = ExposeHeaders;
        }

        return true;
    }
}
