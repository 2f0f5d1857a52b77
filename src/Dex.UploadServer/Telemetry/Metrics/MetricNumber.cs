using System.Globalization;
using System.Text;

namespace Dex.UploadServer.Telemetry.Metrics;

/// <summary>
/// Numbers as the predecessor wrote them, so that series continue across a switch: the fewest digits that give the same
/// number back, with an exponent below 1e-04 and from 1e+06 on (spec: metrics-logs-traces.md 2.1).
/// </summary>
internal static class MetricNumber
{
    /// <summary>Sign, 17 digits, point, leading zeros and exponent fit.</summary>
    public const int MostBytes = 32;

    private const int LeastPlainExponent = -4;
    private const int FirstExponentWritten = 6;

    public static string Format(double value)
    {
        Span<byte> text = stackalloc byte[MostBytes];
        return Encoding.ASCII.GetString(text[..Format(value, text)]);
    }

    /// <returns>Bytes written.</returns>
    public static int Format(double value, Span<byte> output)
    {
        if (!double.IsFinite(value))
            return Copy(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "+Inf"u8 : "-Inf"u8, output);
        if (value == 0)
            return Copy("0"u8, output);

        Span<byte> shortest = stackalloc byte[MostBytes];
        value.TryFormat(shortest, out var length, "R", CultureInfo.InvariantCulture);
        Span<byte> digits = stackalloc byte[MostBytes];
        var exponent = Dissect(shortest[..length], digits, out var count);

        var written = 0;
        if (value < 0)
            output[written++] = (byte)'-';
        return exponent is < LeastPlainExponent or >= FirstExponentWritten
            ? written + WriteWithExponent(digits[..count], exponent, output[written..])
            : written + WritePlain(digits[..count], exponent, output[written..]);
    }

    /// <summary>Takes a number's text apart into its significant digits and the power of ten of the first.</summary>
    private static int Dissect(ReadOnlySpan<byte> text, Span<byte> digits, out int count)
    {
        count = 0;
        var exponent = -1;
        var pointSeen = false;
        for (var index = 0; index < text.Length; index++)
        {
            switch (text[index])
            {
                case (byte)'E':
                    exponent += int.Parse(text[(index + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
                    index = text.Length;
                    break;
                case (byte)'.':
                    pointSeen = true;
                    break;
                case >= (byte)'0' and <= (byte)'9' and var digit:
                    if (!pointSeen && (count > 0 || digit != '0'))
                        exponent++;
                    else if (pointSeen && count == 0 && digit == '0')
                        exponent--;
                    if (count > 0 || digit != '0')
                        digits[count++] = digit;
                    break;
            }
        }

        while (count > 1 && digits[count - 1] == '0')
            count--;
        return exponent;
    }

    private static int WriteWithExponent(ReadOnlySpan<byte> digits, int exponent, Span<byte> output)
    {
        var written = 0;
        output[written++] = digits[0];
        if (digits.Length > 1)
        {
            output[written++] = (byte)'.';
            written += Copy(digits[1..], output[written..]);
        }

        output[written++] = (byte)'e';
        output[written++] = (byte)(exponent < 0 ? '-' : '+');
        Math.Abs(exponent).TryFormat(output[written..], out var length, "00", CultureInfo.InvariantCulture);
        return written + length;
    }

    private static int WritePlain(ReadOnlySpan<byte> digits, int exponent, Span<byte> output)
    {
        var written = 0;
        for (var place = Math.Max(exponent, 0); place >= Math.Min(exponent - digits.Length + 1, 0); place--)
        {
            if (place == -1)
                output[written++] = (byte)'.';
            var index = exponent - place;
            output[written++] = index >= 0 && index < digits.Length ? digits[index] : (byte)'0';
        }

        return written;
    }

    private static int Copy(ReadOnlySpan<byte> text, Span<byte> output)
    {
        text.CopyTo(output);
        return text.Length;
    }
}
