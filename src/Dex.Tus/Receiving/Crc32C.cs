using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Dex.Tus.Receiving;

/// <summary>CRC-32C (Castagnoli), in hardware where the processor has it. A value is of bytes so far: start with 0.</summary>
public static class Crc32C
{
    /// <summary>The checksum of <paramref name="crc"/>'s bytes followed by <paramref name="bytes"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        var state = ~crc;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        if (BitConverter.IsLittleEndian)
        {
            foreach (var word in words)
                state = BitOperations.Crc32C(state, word);
        }
        else
        {
            foreach (var word in words)
                state = BitOperations.Crc32C(state, BinaryPrimitives.ReverseEndianness(word));
        }

        foreach (var tail in bytes[(words.Length * sizeof(ulong))..])
            state = BitOperations.Crc32C(state, tail);
        return ~state;
    }

    /// <inheritdoc cref="Append(uint, ReadOnlySpan{byte})"/>
    public static uint Append(uint crc, in ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
            crc = Append(crc, segment.Span);
        return crc;
    }

    /// <summary>The checksum of two runs of bytes from the checksum of each: appending n bytes is a linear map, applied by repeated squaring.</summary>
    /// <param name="first">Checksum of the first run.</param>
    /// <param name="second">Checksum of the second run, by itself.</param>
    /// <param name="secondLength">Bytes in the second run, 0 or more.</param>
    public static uint Combine(uint first, uint second, long secondLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(secondLength);
        if (secondLength == 0)
            return first;

        Span<uint> power = stackalloc uint[32];
        Span<uint> square = stackalloc uint[32];
        power[0] = 0x82F63B78; // one zero bit
        for (var bit = 1; bit < 32; bit++)
            power[bit] = 1u << (bit - 1);
        for (var doubling = 0; doubling < 3; doubling++) // 8 zero bits: one zero byte
        {
            Square(power, square);
            square.CopyTo(power);
        }

        for (var remaining = secondLength; remaining > 0; remaining >>= 1)
        {
            if ((remaining & 1) != 0)
                first = Multiply(power, first);
            Square(power, square);
            square.CopyTo(power);
        }

        return first ^ second;
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
