using Dex.Testing;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Tests.Storage.Objects;

/// <summary>Every byte once and in order, no part too small or too large, and as little as possible through this process (spec: tus.md S31, S39).</summary>
public sealed class JoinPlanTests
{
    public static TheoryData<long[], string> Plans => new()
    {
        { [], "" },
        { [0, 0], "" },
        { [3], "send 3" },
        { [10], "copy 10" },
        { [10, 7], "copy 10, copy 7" },
        { [10, 2], "copy 10, send 2" },
        { [2, 10], "send 5, copy 7" },
        { [2, 7], "send 9" },
        { [2, 2, 2, 2], "send 6, send 2" },
        { [250], "copy 83, copy 83, copy 84" },
        { [3, 0, 200], "send 5, copy 99, copy 99" },
    };

    [Theory, MemberData(nameof(Plans))]
    [Rule("S31", "S39")]
    public void S31_S39_small_pieces_are_gathered_and_large_ones_copied(long[] lengths, string expected)
    {
        var plan = JoinPlan.Of(lengths, least: 5, largestCopy: 100, mostParts: 10);

        Assert.Equal(expected, string.Join(", ", plan.Select(part => $"{(part.IsCopy ? "copy" : "send")} {part.Bytes}")));
    }

    [Fact]
    public void Whatever_the_parts_every_byte_comes_once_and_in_order()
    {
        var random = new Random(11);
        for (var round = 0; round < 500; round++)
        {
            var lengths = Enumerable.Range(0, random.Next(1, 12)).Select(_ => (long)random.Next(0, 40)).ToArray();

            var plan = JoinPlan.Of(lengths, least: 10, largestCopy: 25, mostParts: 1000);

            var bytes = plan.SelectMany(part => part.Pieces).SelectMany(piece => Enumerable.Range((int)piece.First, (int)piece.Bytes).Select(at => (piece.Source, at)));
            Assert.Equal(lengths.SelectMany((length, source) => Enumerable.Range(0, (int)length).Select(at => (source, at))), bytes);
            Assert.All(plan.SkipLast(1), part => Assert.InRange(part.Bytes, 10, 25));
        }
    }

    [Fact]
    public void More_parts_than_there_may_be_are_refused() =>
        Assert.Throws<InvalidOperationException>(() => JoinPlan.Of([10, 10, 10], 5, 100, 2));
}
