using Dex.Tus.Digests;
using Dex.Tus.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dex.Tus.Dialects;

/// <summary>What a tus 1.0 request says of its body's checksum (spec: tus.md 9), and of digests.</summary>
internal static class Tus1Checksums
{
    /// <summary>Everything about checksums and digests that is wrong before the body is read; null if nothing is.</summary>
    /// <param name="hasBody">Whether the body counts.</param>
    public static TusError? FindError(HttpContext http, bool hasBody, out DigestFields digests)
    {
        var headers = http.Request.Headers;
        if (!DigestFields.TryRead(headers, out digests))
            return TusErrors.InvalidDigest;
        if (!hasBody)
            return null;

        // In front of the body or announced behind it, not both.
        var checksum = headers[ChecksumHeader.Name];
        return checksum.Count > 0 && (ChecksumHeader.Read(checksum) is null || ChecksumHeader.IsAnnounced(headers.Trailer)) ? TusErrors.InvalidChecksum : null;
    }

    /// <summary>The same for a creation: if its body is empty, so may be the whole upload, and then it is complete as soon as it exists.</summary>
    public static TusError? FindCreationError(HttpContext http, bool hasBody, out DigestFields digests)
    {
        if (FindError(http, hasBody, out digests) is { } error)
            return error;
        if (!hasBody || Requests.ContentLengthOf(http) != 0)
            return null;
        if (digests.DenyEmptyContent())
            return TusErrors.ContentDigestMismatch;
        return ChecksumHeader.Read(http.Request.Headers[ChecksumHeader.Name]) is { } checksum && !checksum.IsOfNothing() ? TusErrors.ChecksumMismatch : null;
    }

    /// <summary>Reads the checksum when the body has come to its end; null if there is to be none.</summary>
    public static Func<UploadDigest?>? Of(HttpContext http)
    {
        if (http.Request.Headers[ChecksumHeader.Name] is { Count: > 0 } header)
            return () => ChecksumHeader.Read(header);
        if (!ChecksumHeader.IsAnnounced(http.Request.Headers.Trailer))
            return null;
        return () => http.Features.Get<IHttpRequestTrailersFeature>() is { Available: true } behind ? ChecksumHeader.Read(behind.Trailers[ChecksumHeader.Name]) : null;
    }
}
