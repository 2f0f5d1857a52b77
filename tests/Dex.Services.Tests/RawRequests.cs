using System.Globalization;
using Dex.Testing;

namespace Dex.Services;

/// <summary>Heads of requests as text, for clients that do not finish what they begin.</summary>
internal static class RawRequests
{
    public static string PatchHead(string uploadId, long offset, long contentLength) => string.Create(
        CultureInfo.InvariantCulture,
        $"PATCH /files/{uploadId} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\nContent-Length: {contentLength}\r\n\r\n");

    public static string Head(string uploadId) =>
        $"HEAD /files/{uploadId} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\n\r\n";

    /// <summary>The whole manifest of the sample stream, as a header value.</summary>
    public static readonly string Manifest = ServerManifest.Encode(ServerManifest.For("hostile.bin"));
}
