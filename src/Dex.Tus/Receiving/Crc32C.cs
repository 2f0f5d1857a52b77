using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dex.Tus.Receiving;

/// <summary>CRC-32C (Castagnoli), in hardware where the processor has it. A value is of bytes so far: start with 0.</summary>
public static class Crc32C
{
    // The instruction takes three cycles and one can start each cycle, so three independent runs cost as much as one.
    private const int LaneBytes = 4096;

    private static readonly Crc32CShift ShiftByOneLane = new(LaneBytes);

    private static readonly Crc32CShift ShiftByTwoLanes = new(2 * LaneBytes);

    /// <summary>The checksum of <paramref name="crc"/>'s bytes followed by <paramref name="bytes"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        var state = ~crc;
        while (bytes.Length >= 3 * LaneBytes)
        {
            state = ThreeLanes(state, bytes);
            bytes = bytes[(3 * LaneBytes)..];
        }

        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
            state = BitOperations.Crc32C(state, LittleEndian(word));
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

    /// <summary>The checksum of two runs of bytes from the checksum of each.</summary>
    /// <param name="first">Checksum of the first run.</param>
    /// <param name="second">Checksum of the second run, by itself.</param>
    /// <param name="secondLength">Bytes in the second run, 0 or more.</param>
    public static uint Combine(uint first, uint second, long secondLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(secondLength);
        return secondLength == 0 ? first : Crc32CShift.Apply(secondLength, first) ^ second;
    }

    private static uint ThreeLanes(uint state, ReadOnlySpan<byte> bytes)
    {
        var first = MemoryMarshal.Cast<byte, ulong>(bytes[..LaneBytes]);
        var second = MemoryMarshal.Cast<byte, ulong>(bytes.Slice(LaneBytes, LaneBytes));
        var third = MemoryMarshal.Cast<byte, ulong>(bytes.Slice(2 * LaneBytes, LaneBytes));
        uint b = 0, c = 0;
        for (var i = 0; i < first.Length && i < second.Length && i < third.Length; i++)
        {
            state = BitOperations.Crc32C(state, LittleEndian(first[i]));
            b = BitOperations.Crc32C(b, LittleEndian(second[i]));
            c = BitOperations.Crc32C(c, LittleEndian(third[i]));
        }

        return ShiftByTwoLanes.Apply(state) ^ ShiftByOneLane.Apply(b) ^ c;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong LittleEndian(ulong word) => BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
}
