using System.Collections.Immutable;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Bytes of one of the objects that are joined.</summary>
internal readonly record struct JoinPiece(int Source, long First, long Bytes);

/// <summary>One part of the joined object: a single piece that the store can copy by itself, or pieces that have to be read and sent.</summary>
internal sealed record JoinPart(ImmutableArray<JoinPiece> Pieces, bool IsCopy)
{
    public long Bytes => Pieces.Sum(piece => piece.Bytes);
}

/// <summary>How objects are joined into one with as few bytes as possible passing through this process (spec: tus.md S39, S31).</summary>
internal static class JoinPlan
{
    /// <param name="lengths">Bytes of each source, in order.</param>
    /// <param name="least">No part but the last may be smaller.</param>
    /// <param name="largestCopy">The store copies no more at a time.</param>
    /// <param name="mostParts">Parts there may be.</param>
    /// <exception cref="InvalidOperationException">They do not fit into so many parts.</exception>
    public static ImmutableArray<JoinPart> Of(IReadOnlyList<long> lengths, long least, long largestCopy, int mostParts)
    {
        var parts = ImmutableArray.CreateBuilder<JoinPart>();
        var gathered = ImmutableArray.CreateBuilder<JoinPiece>();
        var gatheredBytes = 0L;
        for (var source = 0; source < lengths.Count; source++)
        {
            var first = 0L;
            var left = lengths[source];

            // What is gathered gets no more of a large source than it lacks: the rest of it is copied.
            if (gatheredBytes > 0 && left > 0)
            {
                var taken = left - Math.Min(left, least - gatheredBytes) < least ? left : least - gatheredBytes;
                Gather(source, first, taken);
                (first, left) = (first + taken, left - taken);
                if (gatheredBytes >= least)
                    Send();
            }

            if (left >= least)
                Copy(source, first, left);
            else if (left > 0)
                Gather(source, first, left);
        }

        if (gatheredBytes > 0)
            Send();
        return parts.Count <= mostParts ? parts.ToImmutable() : throw new InvalidOperationException("the parts of the upload cannot be joined: there are too many");

        void Gather(int source, long first, long bytes)
        {
            gathered.Add(new JoinPiece(source, first, bytes));
            gatheredBytes += bytes;
        }

        void Send()
        {
            parts.Add(new JoinPart(gathered.ToImmutable(), IsCopy: false));
            gathered.Clear();
            gatheredBytes = 0;
        }

        // In equal pieces, so that none is too small.
        void Copy(int source, long first, long bytes)
        {
            var count = (bytes + largestCopy - 1) / largestCopy;
            for (var i = 0L; i < count; i++)
            {
                var (from, to) = (bytes * i / count, bytes * (i + 1) / count);
                parts.Add(new JoinPart([new JoinPiece(source, first + from, to - from)], IsCopy: true));
            }
        }
    }
}
