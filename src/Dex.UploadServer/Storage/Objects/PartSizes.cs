namespace Dex.UploadServer.Storage.Objects;

/// <summary>How large the pieces of an object are made, so that neither their number nor the memory for one runs out before the object's end (spec: tus.md S33, reliability.md U7).</summary>
/// <param name="Least">No piece but the last may be smaller.</param>
/// <param name="Usual">What a piece is where nothing asks for more.</param>
/// <param name="Most">Nothing larger can be sent.</param>
/// <param name="Count">Most pieces of one object.</param>
internal sealed record PartSizes(long Least, long Usual, long Most, int Count)
{
    /// <summary>An object whose length nobody knows gets pieces twice as large after each of ten stretches.</summary>
    private const int Stretches = 10;

    /// <summary>Bytes of the longest object whose length is known from the start.</summary>
    public long LongestObject => Most * Count;

    /// <summary>Bytes of the longest object whose length is not known: as pieces grow with their number, early ones are smaller than the largest.</summary>
    public long LongestDeferred => Enumerable.Range(0, Count).Sum(sent => Worthwhile(sent, 0, null));

    /// <summary>How large the next piece is to be.</summary>
    /// <param name="sent">Pieces there are.</param>
    /// <param name="offset">Their bytes.</param>
    /// <param name="length">Bytes there will be; null if nobody knows.</param>
    public long Next(int sent, long offset, long? length) => Math.Min(Math.Max(Usual, Pace(sent, offset, length)), Most);

    /// <summary>Fewer bytes are better kept aside until more have come: as pieces of their own they would use the pieces up too soon.</summary>
    public long Worthwhile(int sent, long offset, long? length) => Math.Min(Math.Max(Least, Pace(sent, offset, length)), Most);

    // The size that leads to the end with the last piece there may be.
    private long Pace(int sent, long offset, long? length)
    {
        var left = Math.Max(Count - sent, 1);
        return length is { } known
            ? (Math.Max(known - offset, 0) + left - 1) / left
            : Least << Math.Min(sent / Math.Max(Count / Stretches, 1), Stretches - 1);
    }
}
