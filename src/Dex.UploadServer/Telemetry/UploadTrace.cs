using System.Security.Cryptography;
using System.Text;

namespace Dex.UploadServer.Telemetry;

/// <summary>The trace that all requests and deliveries of one upload share although no context is passed between them (spec: metrics-logs-traces.md 5).</summary>
internal static class UploadTrace
{
    private const string UrnPrefix = "urn:uuid:";

    /// <summary>The last segment of a path, if it is a UUID in one of the spellings that count; else null.</summary>
    public static string? FindUploadId(string path)
    {
        var segment = path.AsSpan(path.LastIndexOf('/') + 1);
        return IsUuid(segment) ? segment.ToString() : null;
    }

    /// <summary>The trace id: 32 lower-case hexadecimal digits, the MD5 of the id as written.</summary>
#pragma warning disable CA5351 // A name for finding things, fixed by the dashboards; nothing is protected by it.
    public static string TraceIdOf(string uploadId) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(uploadId)));
#pragma warning restore CA5351

    private static bool IsUuid(ReadOnlySpan<char> text) => text.Length switch
    {
        32 => IsHex(text),
        36 => IsHyphenated(text),
        38 => text[0] == '{' && text[^1] == '}' && IsHyphenated(text[1..^1]),
        45 => text.StartsWith(UrnPrefix, StringComparison.OrdinalIgnoreCase) && IsHyphenated(text[UrnPrefix.Length..]),
        _ => false,
    };

    private static bool IsHyphenated(ReadOnlySpan<char> text) =>
        text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-'
        && IsHex(text[..8]) && IsHex(text[9..13]) && IsHex(text[14..18]) && IsHex(text[19..23]) && IsHex(text[24..]);

    private static bool IsHex(ReadOnlySpan<char> text)
    {
        foreach (var character in text)
        {
            if (!char.IsAsciiHexDigit(character))
                return false;
        }

        return true;
    }
}
