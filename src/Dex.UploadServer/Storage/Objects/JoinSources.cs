using System.Collections.Immutable;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Finished uploads that are joined, in order; one may stand several times.</summary>
internal sealed record JoinSources(ImmutableArray<StoredUpload> Uploads)
{
    /// <param name="find">Looks for an upload in the store.</param>
    /// <exception cref="IOException">One is gone, or not what it was; or they are not as long as they should be.</exception>
    public static async Task<JoinSources> FindAsync(
        IReadOnlyList<Upload> parts, long length, Func<string, CancellationToken, Task<StoredUpload?>> find, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, StoredUpload>(StringComparer.Ordinal);
        foreach (var part in parts.DistinctBy(part => part.Id))
        {
            if (await find(part.Id, cancellationToken) is not { Finished: { } whole } stored || whole.Bytes != part.Length)
                throw new IOException("a part of the upload to join is gone or has changed");
            found.Add(part.Id, stored);
        }

        var sources = new JoinSources([.. parts.Select(part => found[part.Id])]);
        if (sources.Lengths.Sum() != length)
            throw new IOException("the parts' lengths do not add up");
        return sources;
    }

    public long[] Lengths => [.. Uploads.Select(upload => upload.Offset)];

    /// <summary>Of all their bytes, if it is known of each.</summary>
    public RunningChecksum? Checksum
    {
        get
        {
            uint? crc = 0;
            foreach (var source in Uploads)
                crc = crc is { } before && source.Checksum?.Whole is { } next ? Crc32C.Combine(before, next, source.Offset) : null;
            return crc is { } known ? new RunningChecksum(0, known) : null;
        }
    }

    public string IdOf(JoinPiece piece) => Uploads[piece.Source].Id;

    /// <summary>The pieces of a part that is sent: the same small one may stand many times in a row, and is read once then.</summary>
    public IEnumerable<(JoinPiece Piece, int Times)> RunsOf(JoinPart part)
    {
        for (var i = 0; i < part.Pieces.Length;)
        {
            var piece = part.Pieces[i];
            var times = 1;
            while (i + times < part.Pieces.Length && part.Pieces[i + times] is var next
                && IdOf(next) == IdOf(piece) && next with { Source = piece.Source } == piece)
                times++;
            yield return (piece, times);
            i += times;
        }
    }
}
