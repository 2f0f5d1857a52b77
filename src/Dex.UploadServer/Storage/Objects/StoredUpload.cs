using System.Collections.Immutable;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>A part that the store has.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Tag">Its ETag, where parts have one.</param>
/// <param name="StoredAt">When it was stored, where the store tells.</param>
internal readonly record struct StoredPart(int Number, long Bytes, string Tag, DateTimeOffset StoredAt)
{
    /// <summary>Where it ends in the upload, once that is known.</summary>
    public long End { get; init; }
}

/// <summary>An upload as its objects tell of it at one moment (spec: tus.md S35, SA3).</summary>
/// <param name="Record">The <c>.info</c> object.</param>
/// <param name="RecordTag">Its ETag.</param>
/// <param name="RecordedAt">When it was written.</param>
/// <param name="Parts">Parts without a gap, from the first; empty once the upload is finished.</param>
/// <param name="Stray">Numbers of parts that do not count: beyond a gap, or once found there.</param>
/// <param name="Tail">The <c>.part</c> object, whether or not it still counts; null if there is none.</param>
/// <param name="Finished">The whole object; null as long as there is none.</param>
/// <param name="Arrived">Checksum of the bytes up to the offset, where it is known from their arrival; in the store it is with the tail.</param>
internal sealed record StoredUpload(
    UploadRecord Record, string RecordTag, DateTimeOffset RecordedAt, ImmutableArray<StoredPart> Parts, ImmutableArray<int> Stray, UploadTail? Tail, StoredWhole? Finished,
    RunningChecksum? Arrived = null)
{
    public string Id { get; } = UploadKeys.ShortId(Record.Id);

    /// <summary>When all its parts were listed, by the clock's timestamps.</summary>
    public long ListedAt { get; init; }

    /// <summary>Bytes in <see cref="Parts"/>.</summary>
    public long PartBytes => Parts.IsEmpty ? 0 : Parts[^1].End;

    /// <summary>Bytes of the tail that the parts have not; they begin at <see cref="PartBytes"/>.</summary>
    public long TailBytes => Tail is { } tail ? tail.BytesAfter(PartBytes) : 0;

    public long Offset => Finished?.Bytes ?? PartBytes + TailBytes;

    /// <summary>A final upload that was joined before its record said how long it is.</summary>
    public long? Length => Record.Length ?? (Record.Kind == UploadKind.Final ? Finished?.Bytes : null);

    /// <summary>How the checksum of the bytes up to <see cref="Offset"/> can be known.</summary>
    public RunningChecksum? Checksum =>
        Finished is { } whole ? whole.Checksum
        : Arrived is { } arrived ? arrived
        : Offset == 0 ? RunningChecksum.Start(0)
        : Tail is { } tail && tail.End == Offset ? tail.Checksum
        : null;

    public DateTimeOffset ModifiedAt
    {
        get
        {
            if (Finished is { } whole)
                return whole.StoredAt;
            var known = Tail?.ModifiedAt ?? Record.CreatedAt ?? RecordedAt;
            // Parts beyond what the tail tells of came after it: the request that sent them was killed.
            return Parts.Length > 0 && (Tail?.Start is not { } start || start < PartBytes) && Parts[^1].StoredAt > known ? Parts[^1].StoredAt : known;
        }
    }

    /// <summary>With further parts, in order.</summary>
    public StoredUpload With(IEnumerable<StoredPart> next)
    {
        var parts = Parts.ToBuilder();
        var end = PartBytes;
        foreach (var part in next)
            parts.Add(part with { End = end += part.Bytes });
        return this with { Parts = parts.ToImmutable(), Stray = Stray.RemoveAll(number => number <= parts.Count) };
    }

    /// <summary>What a tail is to tell of it from now on.</summary>
    public UploadTail NextTail(RunningChecksum? checksum, DateTimeOffset modifiedAt) => new(0, "", Finished?.Bytes ?? PartBytes, checksum, modifiedAt)
    {
        SentAt = Tail?.SentAt,
        Stray = Tail?.Stray.RemoveAll(number => !Stray.Contains(number)) ?? [],
    };

    public Upload ToUpload() => new()
    {
        Id = Id,
        Length = Length,
        Offset = Offset,
        Metadata = Record.Metadata,
        Kind = Record.Kind,
        Parts = [.. Record.Parts.Select(UploadKeys.ShortId)],
        Digests = Record.Digests,
        Crc32C = Checksum?.Whole,
        HasFile = Finished is not null,
        ModifiedAt = ModifiedAt,
        StoreState = this,
    };

    /// <summary>Takes parts as they are listed: those without a gap count, the rest is stray. An empty one was put there to blot out another.</summary>
    /// <param name="never">Numbers of parts that do not count even without a gap.</param>
    public static (ImmutableArray<StoredPart> Parts, ImmutableArray<int> Stray) Arrange(IEnumerable<StoredPart> listed, ImmutableArray<int> never)
    {
        var parts = ImmutableArray.CreateBuilder<StoredPart>();
        var stray = ImmutableArray.CreateBuilder<int>();
        foreach (var part in listed.Where(part => part.Bytes > 0).OrderBy(part => part.Number))
        {
            if (part.Number == parts.Count + 1 && !never.Contains(part.Number))
                parts.Add(part with { End = part.Bytes + (parts.Count == 0 ? 0 : parts[^1].End) });
            else
                stray.Add(part.Number);
        }

        return (parts.ToImmutable(), stray.ToImmutable());
    }
}

/// <summary>The object of a finished upload.</summary>
internal sealed record StoredWhole(long Bytes, DateTimeOffset StoredAt, RunningChecksum? Checksum);
