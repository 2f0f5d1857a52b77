using System.Globalization;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>The parts of an ingest time that paths show, as written: in the offset of the timestamp (spec: delivery.md 2).</summary>
internal readonly record struct IngestTime(int Year, int Month, int Day, int Hour)
{
    private const string Seconds = "yyyy-MM-ddTHH:mm:ss";

    /// <param name="text">RFC 3339 with any number of fraction digits.</param>
    /// <exception cref="FormatException"><c>bad ingest timestamp</c>.</exception>
    public static IngestTime Parse(string? text)
    {
        if (text is null || text.Length <= Seconds.Length
            || !DateTime.TryParseExact(text.AsSpan(0, Seconds.Length), "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            || !IsOffset(WithoutFraction(text.AsSpan(Seconds.Length))))
            throw new FormatException("bad ingest timestamp");
        return new IngestTime(time.Year, time.Month, time.Day, time.Hour);
    }

    private static ReadOnlySpan<char> WithoutFraction(ReadOnlySpan<char> text)
    {
        if (text[0] != '.')
            return text;
        var end = text[1..].IndexOfAnyExceptInRange('0', '9') + 1;
        return end > 1 ? text[end..] : [];
    }

    private static bool IsOffset(ReadOnlySpan<char> text) =>
        text is "Z" || (text is ['+' or '-', _, _, ':', _, _] && TimeOnly.TryParseExact(text[1..], "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out _));
}
