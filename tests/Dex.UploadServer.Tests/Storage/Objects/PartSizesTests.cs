using Dex.Testing;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Tests.Storage.Objects;

/// <summary>Neither the number of parts nor the memory for one runs out before an upload's end (spec: tus.md S31, S33, reliability.md U7).</summary>
public sealed class PartSizesTests
{
    private const long MiB = 1L << 20;

    private static readonly PartSizes s_sizes = new(5 * MiB, 8 * MiB, 96 * MiB, 10_000);

    [Theory]
    [InlineData(64 * 1024, 15_000_000_000)]
    [InlineData(5 * MiB, 15_000_000_000)]
    [InlineData(5 * MiB, 500_000_000_000)]
    [InlineData(1_000_000_000, 1_000_000_000_000)]
    [Rule("S31", "S33")]
    public void S31_S33_an_upload_of_known_length_never_needs_more_parts_however_it_is_cut(long chunk, long length) =>
        Assert.InRange(CountParts(chunk, length, length), 1, 10_000);

    [Theory]
    [InlineData(64 * 1024, 50_000_000_000)]
    [InlineData(5 * MiB, 500_000_000_000)]
    [InlineData(long.MaxValue / 2, 600_000_000_000)]
    [Rule("S33")]
    public void S33_parts_grow_while_nobody_knows_the_length(long chunk, long length) =>
        Assert.InRange(CountParts(chunk, length, known: null), 1, 10_000);

    [Theory]
    [InlineData(64 * 1024)]
    [InlineData(5 * MiB)]
    [InlineData((64 * MiB) - 1)]
    [InlineData(long.MaxValue / 2)]
    [Rule("CR3", "S33")]
    public void CR3_S33_the_longest_upload_there_may_be_fits_whether_its_length_is_known_or_not(long chunk)
    {
        Assert.InRange(CountParts(chunk, s_sizes.LongestDeferred, known: null), 1, 10_000);
        if (chunk > MiB)
            Assert.InRange(CountParts(chunk, s_sizes.LongestObject, s_sizes.LongestObject), 1, 10_000);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20_000)]
    [InlineData(90_000)]
    [Rule("CR3", "S33")]
    public void CR3_S33_a_length_that_is_told_late_still_fits(int chunksBefore)
    {
        const long chunk = 5 * MiB;
        var length = s_sizes.LongestDeferred;
        var (parts, sent, tail) = (0, 0L, 0L);
        for (var i = 0; i < chunksBefore && sent + tail + chunk <= length; i++)
        {
            tail += chunk;
            if (tail >= s_sizes.Worthwhile(parts, sent, null))
                (parts, sent, tail) = (parts + 1, sent + tail, 0);
        }

        while (sent < length)
            (parts, sent) = (parts + 1, sent + Math.Min(s_sizes.Next(parts, sent, length), length - sent));

        Assert.InRange(parts, 1, 10_000);
    }

    [Fact]
    [Rule("S33")]
    public void S33_parts_can_all_be_equal()
    {
        var equal = s_sizes with { Least = 8 * MiB };

        Assert.Equal((8 * MiB, 8 * MiB), (equal.Next(7, 56 * MiB, 1000 * MiB), equal.Worthwhile(7, 56 * MiB, 1000 * MiB)));
    }

    // As the writer goes: whole parts, and at the end of each chunk the rest, as a part or as a tail.
    private static int CountParts(long chunk, long length, long? known)
    {
        var (parts, sent, tail) = (0, 0L, 0L);
        for (var offset = 0L; offset < length;)
        {
            var left = Math.Min(chunk, length - offset);
            offset += left;
            tail += left;
            while (s_sizes.Next(parts, sent, known) is var size && tail >= size)
                (parts, sent, tail) = (parts + 1, sent + size, tail - size);
            if (tail >= s_sizes.Worthwhile(parts, sent, known) || (tail > 0 && offset == length))
                (parts, sent, tail) = (parts + 1, sent + tail, 0);
        }

        return parts;
    }
}
