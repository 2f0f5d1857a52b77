namespace Dex.Tus.Receiving;

/// <summary>What appending a number of zero bytes does to a CRC-32C: a linear map over bits, here for one number as four tables.</summary>
internal sealed class Crc32CShift
{
    private const uint Polynomial = 0x82F63B78; // reflected
    private readonly uint[] _tables = new uint[4 * 256];

    /// <param name="bytes">How many zero bytes, 1 or more.</param>
    public Crc32CShift(long bytes)
    {
        for (var place = 0; place < 4; place++)
        {
            for (var value = 0u; value < 256; value++)
                _tables[(place * 256) + value] = Apply(bytes, value << (8 * place));
        }
    }

    public uint Apply(uint crc) =>
        _tables[crc & 0xFF] ^ _tables[256 + ((crc >> 8) & 0xFF)] ^ _tables[512 + ((crc >> 16) & 0xFF)] ^ _tables[768 + (crc >> 24)];

    /// <summary>The same for any number of bytes, by repeated squaring.</summary>
    public static uint Apply(long bytes, uint crc)
    {
        Span<uint> power = stackalloc uint[32];
        Span<uint> square = stackalloc uint[32];
        power[0] = Polynomial; // one zero bit
        for (var bit = 1; bit < 32; bit++)
            power[bit] = 1u << (bit - 1);
        for (var doubling = 0; doubling < 3; doubling++) // eight zero bits: one zero byte
        {
            Square(power, square);
            square.CopyTo(power);
        }

        for (var remaining = bytes; remaining > 0; remaining >>= 1)
        {
            if ((remaining & 1) != 0)
                crc = Multiply(power, crc);
            Square(power, square);
            square.CopyTo(power);
        }

        return crc;
    }

    private static uint Multiply(ReadOnlySpan<uint> matrix, uint vector)
    {
        uint product = 0;
        for (var bit = 0; vector != 0; bit++, vector >>= 1)
        {
            if ((vector & 1) != 0)
                product ^= matrix[bit];
        }

        return product;
    }

    private static void Square(ReadOnlySpan<uint> matrix, Span<uint> square)
    {
        for (var bit = 0; bit < 32; bit++)
            square[bit] = Multiply(matrix, matrix[bit]);
    }
}
