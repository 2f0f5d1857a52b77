using System.Buffers;
using System.Text;
using Dex.Testing;
using Dex.Tus.Receiving;

namespace Dex.Tus.Tests.Receiving;

/// <summary>spec: tus.md BR1, BR3; reliability.md S-7.</summary>
public sealed class ChunkFramingTests
{
    [Theory]
    [InlineData("3\r\nabc\r\n", "zz\r\n")]
    [InlineData("3\r\nabc\r\n", "-1\r\n")]
    [InlineData("3\r\nabc\r\n", "\r\n")]
    [InlineData("3\r\nabc\r\n", ";x\r\n")]
    [InlineData("3\r\nabc\r\n0", "x5\r\n")]
    [InlineData("3\r\nabc\r\n3", " \r\nabc\r\n")]
    [InlineData("3\r\nabc\r\n3", "\nabc\r\n")]
    [InlineData("3\r\nabc\r\n3;a=b", "\nabc\r\n")]
    [InlineData("3\r\nabc\r\n3;a\r", "b\r\nabc\r\n")]
    [InlineData("3\r\nabc", "d\r\n")]
    [InlineData("3\r\nabc", "\n0\r\n\r\n")]
    [InlineData("3\r\nabc\r", "\r\n")]
    [InlineData("3\r\nabc\r\n8000000", "0\r\n")]
    [InlineData("3\r\nabc\r\n00000000", "3\r\n")]
    [Rule("BR1")]
    public void BR1_what_comes_before_a_broken_chunk_is_told_from_what_does_not(string good, string bad)
    {
        for (var split = 0; split <= good.Length; split++)
        {
            var framing = new ChunkFraming();

            var first = framing.Follow(Sequence(good[..split]));
            var second = framing.Follow(Sequence(good[split..] + bad));

            Assert.Equal((split, good.Length - split), (first, second));
            Assert.True(framing.IsBroken);
            Assert.Equal(0, framing.Follow(Sequence("3\r\n")));
        }
    }

    [Theory]
    [InlineData("0\r\n\r\n", true)]
    [InlineData("3\r\nabc\r\n7fffffff", false)]
    [InlineData("3;a=\"b c\"\r\nabc\r\nA\r\n0123456789\r\n00;x\r\nTrailer: x\r\n\r\nGET / HTTP/1.1\r\n\r\n", true)]
    public void Chunks_that_are_whole_pass_and_so_does_what_follows_the_last(string body, bool over)
    {
        var framing = new ChunkFraming();

        var passed = body.Sum(character => framing.Follow(Sequence(character.ToString())));

        Assert.Equal((body.Length, false, over), (passed, framing.IsBroken, framing.IsOver));
    }

    private static ReadOnlySequence<byte> Sequence(string text) => new(Encoding.Latin1.GetBytes(text));
}
