using System.Globalization;
using System.Text;

namespace Dex.UploadServer.Hosting;

/// <summary>Timestamps as the wire has them: RFC 3339, fraction without trailing zeros, <c>Z</c> for UTC (spec: http-api.md 1).</summary>
internal static class WireTime
{
    /// <summary>Room for any timestamp.</summary>
    public const int MaxBytes = 40;

    private const int BytesBeforeFraction = 19;
    private const int FractionBytes = 8;

    public static string Format(DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[MaxBytes];
        return Encoding.ASCII.GetString(text[..Format(time, text)]);
    }

    /// <summary>As ASCII.</summary>
    /// <returns>Bytes written.</returns>
    public static int Format(DateTimeOffset time, Span<byte> text)
    {
        // The round-trip form is many times faster than a custom one, and needs only its trailing zeros cut.
        if (time.Offset == TimeSpan.Zero)
            time.UtcDateTime.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        else
            time.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);

        var zone = text[(BytesBeforeFraction + FractionBytes)..];
        var zoneBytes = time.Offset == TimeSpan.Zero ? 1 : 6;
        var end = BytesBeforeFraction + text.Slice(BytesBeforeFraction, FractionBytes).TrimEnd((byte)'0').Length;
        if (text[end - 1] == '.')
            end--;
        zone[..zoneBytes].CopyTo(text[end..]);
        return end + zoneBytes;
    }
}
