using Dex.Tus.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Dex.Tus.Dialects;

/// <summary>What every dialect reads from a request in the same way.</summary>
internal static class Requests
{
    /// <summary>Bytes the body announces; null for chunks. Neither a length nor chunks is an empty body.</summary>
    public static long? ContentLengthOf(HttpContext http) =>
        http.Request.ContentLength ?? (http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } ? null : 0);

    /// <summary>Whether the content type is this media type, in any case and with any parameters.</summary>
    public static bool HasMediaType(StringValues contentType, string mediaType)
    {
        if (contentType.Count != 1 || contentType[0] is not { } value)
            return false;
        var semicolon = value.IndexOf(';', StringComparison.Ordinal);
        return (semicolon < 0 ? value : value[..semicolon]).AsSpan().Trim().Equals(mediaType, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>What goes before an id in the address of an upload.</summary>
    public static string PublicPrefix(HttpRequest request, TusOptions options) =>
        options.PublicPrefix ?? PublicAddress.Of(request) + options.MountPath;
}
