using Microsoft.Extensions.Primitives;

namespace Dex.Tus.Wire;

/// <summary>The two kinds of structured field (RFC 9651) that the draft's headers are. What is of another type counts as absent (spec: tus.md DR1).</summary>
internal static class StructuredField
{
    private const int MostDigits = 15;

    /// <summary>An Item Boolean: <c>?1</c> or <c>?0</c>, parameters ignored; null for anything else.</summary>
    public static bool? ReadBoolean(StringValues header)
    {
        if (!TryReadItem(header, out var item, out var parameters) || item.Length < 2 || item[0] != '?' || !AreParameters(item[2..], parameters))
            return null;
        return item[1] switch { '1' => true, '0' => false, _ => null };
    }

    /// <summary>An Item Integer of 0 or more, parameters ignored; null for anything else.</summary>
    public static long? ReadInteger(StringValues header)
    {
        if (!TryReadItem(header, out var item, out var parameters))
            return null;
        var digits = 0;
        var number = 0L;
        while (digits < item.Length && char.IsAsciiDigit(item[digits]))
        {
            if (digits == MostDigits)
                return null;
            number = (number * 10) + (item[digits++] - '0');
        }

        return digits > 0 && AreParameters(item[digits..], parameters) ? number : null;
    }

    private static bool TryReadItem(StringValues header, out ReadOnlySpan<char> item, out ReadOnlySpan<char> parameters)
    {
        item = parameters = default;
        if (header.Count != 1 || header[0] is not { } value)
            return false;
        var trimmed = value.AsSpan().Trim(' ');
        var semicolon = trimmed.IndexOf(';');
        item = semicolon < 0 ? trimmed : trimmed[..semicolon];
        parameters = semicolon < 0 ? [] : trimmed[semicolon..];
        return !item.IsEmpty;
    }

    // Parameters mean nothing here; they only must not be part of a list or of another type.
    private static bool AreParameters(ReadOnlySpan<char> rest, ReadOnlySpan<char> parameters) =>
        rest.IsEmpty && !parameters.Contains(',') && !parameters.EndsWith(";");
}
