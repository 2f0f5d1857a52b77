using Microsoft.Extensions.Primitives;

namespace Dex.Tus.Wire;

/// <summary>Whole numbers in headers: digits only, 0 to 2^63−1, one value on one line (spec: tus.md P3, CR2; reliability.md I1).</summary>
internal static class HeaderNumber
{
    /// <summary>True if the header is exactly one such number.</summary>
    public static bool TryRead(StringValues header, out long number)
    {
        number = 0;
        if (header.Count != 1 || header[0] is not { Length: > 0 } text)
            return false;

        foreach (var character in text)
        {
            if (!char.IsAsciiDigit(character))
                return false;
            var digit = character - '0';
            if (number > (long.MaxValue - digit) / 10)
                return false;
            number = (number * 10) + digit;
        }

        return true;
    }
}
