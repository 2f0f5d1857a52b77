using System.Buffers;
using Dex.Tus.Receiving;

namespace Dex.Tus.Tests.Receiving;

public sealed class Crc32CTests
{
    /// <summary>The vectors of RFC 3720, B.4, and the customary check value.</summary>
    public static TheoryData<byte[], uint> Known => new()
    {
        { [], 0 },
        { "123456789"u8.ToArray(), 0xE3069283 },
        { new byte[32], 0x8A9136AA },
        { [.. Enumerable.Repeat((byte)0xFF, 32)], 0x62A8AB43 },
        { [.. Enumerable.Range(0, 32).Select(number => (byte)number)], 0x46DD794E },
        { [.. Enumerable.Range(0, 32).Select(number => (byte)(31 - number))], 0x113FDB5C },
    };

    [Theory, MemberData(nameof(Known))]
    public void Known_bytes_have_their_known_checksum(byte[] bytes, uint expected) =>
        Assert.Equal(expected, Crc32C.Append(0, bytes));

    [Fact]
    public void Bytes_in_any_pieces_have_the_checksum_of_the_whole()
    {
        var bytes = RandomBytes(1_000);
        var whole = BitByBit(bytes);

        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.Equal(whole, Crc32C.Append(Crc32C.Append(0, bytes.AsSpan(0, cut)), bytes.AsSpan(cut)));
            Assert.Equal(whole, Crc32C.Combine(Crc32C.Append(0, bytes.AsSpan(0, cut)), Crc32C.Append(0, bytes.AsSpan(cut)), bytes.Length - cut));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(24)]
    [InlineData(4_095)]
    [InlineData(70_001)]
    [InlineData(1 << 20)]
    public void Any_length_and_alignment_agrees_with_the_definition(int length)
    {
        var bytes = RandomBytes(length + 8);

        for (var start = 0; start < 8; start++)
            Assert.Equal(BitByBit(bytes.AsSpan(start, length)), Crc32C.Append(0, bytes.AsSpan(start, length)));
    }

    [Fact]
    public void A_sequence_of_segments_is_its_bytes()
    {
        var bytes = RandomBytes(100);
        var first = new Segment(bytes.AsMemory(0, 13));
        var last = first.Append(bytes.AsMemory(13, 0)).Append(bytes.AsMemory(13));

        Assert.Equal(BitByBit(bytes), Crc32C.Append(0, new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length)));
    }

    [Fact]
    public void Lengths_beyond_four_gibibytes_combine()
    {
        var pieces = 0u;
        var block = Crc32C.Append(0, new byte[1 << 20]);
        for (var number = 0; number < 5 << 10; number++)
            pieces = Crc32C.Combine(pieces, block, 1 << 20);

        var doubled = block;
        var length = 1L << 20;
        for (; length < 4L << 30; length *= 2)
            doubled = Crc32C.Combine(doubled, doubled, length);
        for (var number = 0; number < 1 << 10; number++)
            doubled = Crc32C.Combine(doubled, block, 1 << 20);

        Assert.Equal(pieces, doubled);
    }

    [Fact]
    public void Nothing_appended_changes_nothing()
    {
        Assert.Equal(0xE3069283, Crc32C.Append(0xE3069283, []));
        Assert.Equal(0xE3069283, Crc32C.Combine(0xE3069283, 0, 0));
        Assert.Equal(0xE3069283, Crc32C.Combine(0, 0xE3069283, 9));
        Assert.Throws<ArgumentOutOfRangeException>(() => Crc32C.Combine(0, 0, -1));
    }

    private static byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        new Random(7).NextBytes(bytes);
        return bytes;
    }

    private static uint BitByBit(ReadOnlySpan<byte> bytes)
    {
        var state = uint.MaxValue;
        foreach (var one in bytes)
        {
            state ^= one;
            for (var bit = 0; bit < 8; bit++)
                state = (state >> 1) ^ ((state & 1) == 0 ? 0 : 0x82F63B78);
        }

        return ~state;
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory) => Memory = memory;

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
