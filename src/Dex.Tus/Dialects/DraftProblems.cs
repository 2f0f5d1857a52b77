using System.Buffers;
using System.Text.Json;

namespace Dex.Tus.Dialects;

/// <summary>Problem documents (RFC 9457) of the draft (spec: tus.md DR21).</summary>
internal static class DraftProblems
{
    public const string ContentType = "application/problem+json";
    private const string Types = "https://iana.org/assignments/http-problem-types#";

    /// <summary>409: the client and the server do not agree where the next byte goes.</summary>
    public static ReadOnlyMemory<byte> MismatchingOffset(long expected, long provided) => Write("mismatching-upload-offset", "offset from request does not match offset of resource", json =>
    {
        json.WriteNumber("expected-offset", expected);
        json.WriteNumber("provided-offset", provided);
    });

    /// <summary>400: the lengths that were told do not agree.</summary>
    public static ReadOnlyMemory<byte> InconsistentLength() => Write("inconsistent-upload-length", "inconsistent length values for upload", _ => { });

    /// <summary>400: the bytes are not those that the digest was computed of.</summary>
    public static ReadOnlyMemory<byte> MismatchedDigest(string detail) => Write("digest-mismatched-values", "mismatched digest values", json => json.WriteString("detail", detail));

    private static ReadOnlyMemory<byte> Write(string type, string title, Action<Utf8JsonWriter> members)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("type", Types + type);
            json.WriteString("title", title);
            members(json);
            json.WriteEndObject();
        }

        return body.WrittenMemory;
    }
}
