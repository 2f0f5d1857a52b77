using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dex.Testing;

namespace Dex.UploadServer.Tests.Sequences;

/// <summary>Requests as bytes, in each dialect's words.</summary>
internal static class Wire
{
    public static bool IsDraft(this Dialect dialect) => dialect is not (Dialect.Tus or Dialect.Hybrid);

    /// <summary>Whether a draft's answer says that the upload is complete.</summary>
    public static bool SaysComplete(this Dialect dialect, RawAnswer answer) =>
        dialect == Dialect.Draft3 ? answer.Header("Upload-Incomplete") == "?0" : answer.Header("Upload-Complete") == "?1";

    /// <summary>The lines with which every request of the dialect begins.</summary>
    public static IEnumerable<string> Opening(this Dialect dialect) => dialect switch
    {
        Dialect.Tus => ["Tus-Resumable: 1.0.0"],
        Dialect.Hybrid => ["Tus-Resumable: 1.0.0", "Upload-Draft-Interop-Version: 5"],
        Dialect.Newest => [],
        _ => [$"Upload-Draft-Interop-Version: {dialect.ToString()[^1]}"],
    };

    /// <summary>Says whether this is the last piece.</summary>
    public static IEnumerable<string> Completeness(this Dialect dialect, bool completes) => dialect switch
    {
        Dialect.Tus => [],
        Dialect.Draft3 => [$"Upload-Incomplete: ?{(completes ? 0 : 1)}"],
        _ => [$"Upload-Complete: ?{(completes ? 1 : 0)}"],
    };

    /// <summary>The media type of a body that is appended.</summary>
    public static string ContentType(this Dialect dialect) =>
        dialect.IsDraft() ? "Content-Type: application/partial-upload" : "Content-Type: application/offset+octet-stream";

    public static string Head(string method, string path, IEnumerable<string> lines) =>
        $"{method} {path} HTTP/1.1\r\nHost: up.example\r\n{string.Concat(lines.Select(line => line + "\r\n"))}\r\n";

    /// <summary>How the body is framed, and its digest where that stands in front.</summary>
    public static IEnumerable<string> Framing(byte[] content, int chunk, Digest digest)
    {
        yield return chunk == 0 ? $"Content-Length: {content.Length}" : "Transfer-Encoding: chunked";
        if (digest is Digest.Right or Digest.Wrong)
            yield return Checksum(content, digest);
        else if (digest != Digest.None)
            yield return "Trailer: Upload-Checksum";
    }

    /// <summary>The body's bytes on the wire, up to <paramref name="sent"/> of its own; with its end only if that is all and it is not cut.</summary>
    public static byte[] Frame(byte[] content, int chunk, Digest digest, int sent, bool isCut)
    {
        if (chunk == 0)
            return content[..sent];

        using var framed = new MemoryStream();
        for (var start = 0; start < sent; start += chunk)
        {
            var length = Math.Min(chunk, content.Length - start);
            framed.Write(Encoding.ASCII.GetBytes(length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"));
            framed.Write(content.AsSpan(start, Math.Min(length, sent - start)));
            if (start + length <= sent)
                framed.Write("\r\n"u8);
        }

        if (!isCut)
            framed.Write(Encoding.ASCII.GetBytes($"0\r\n{(digest is Digest.RightBehind or Digest.WrongBehind ? Checksum(content, digest) + "\r\n" : "")}\r\n"));
        return framed.ToArray();
    }

    private static string Checksum(byte[] content, Digest digest) =>
        $"Upload-Checksum: sha256 {Convert.ToBase64String(SHA256.HashData(digest is Digest.Right or Digest.RightBehind ? content : [.. content, 1]))}";
}
