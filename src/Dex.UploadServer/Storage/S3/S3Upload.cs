using System.Collections.Immutable;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>A part that the store has.</summary>
internal readonly record struct S3Part(int Number, long Bytes, string Tag, DateTimeOffset StoredAt)
{
    /// <summary>Where it ends in the upload, once that is known.</summary>
    public long End { get; init; }
}

/// <summary>An upload as its objects tell of it at one moment (spec: tus.md S35).</summary>
/// <param name="Record">The <c>.info</c> object.</param>
/// <param name="RecordTag">Its ETag.</param>
/// <param name="RecordedAt">When it was written.</param>
/// <param name="Parts">Parts without a gap, from the first; empty once the upload is finished.</param>
/// <param name="Stray">Numbers of parts beyond a gap: bytes that do not count.</param>
/// <param name="Tail">The <c>.part</c> object, whether or not it still counts; null if there is none.</param>
/// <param name="Finished">The whole object; null as long as there is none.</param>
/// <param name="Arrived">Checksum of the bytes up to the offset, where it is known from their arrival; in the store it is with the tail.</param>
internal sealed record S3Upload(
    UploadRecord Record, string RecordTag, DateTimeOffset RecordedAt, ImmutableArray<S3Part> Parts, ImmutableArray<int> Stray, S3Tail? Tail, S3Whole? Finished,
    RunningChecksum? Arrived = null)
{
    public string Id { get; } = S3Keys.ShortId(Record.Id);

    /// <exception cref="InvalidDataException">The record names none.</exception>
    public string MultipartId => S3Keys.MultipartId(Record.Id) ?? throw new InvalidDataException("the upload's record names no multipart upload");

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
    public S3Upload With(IEnumerable<S3Part> next)
    {
        var parts = Parts.ToBuilder();
        var end = PartBytes;
        foreach (var part in next)
            parts.Add(part with { End = end += part.Bytes });
        return this with { Parts = parts.ToImmutable() };
    }

    public Upload ToUpload() => new()
    {
        Id = Id,
        Length = Length,
        Offset = Offset,
        Metadata = Record.Metadata,
        Kind = Record.Kind,
        Parts = [.. Record.Parts.Select(S3Keys.ShortId)],
        Digests = Record.Digests,
        Crc32C = Checksum?.Whole,
        HasFile = Finished is not null,
        ModifiedAt = ModifiedAt,
        StoreState = this,
    };

    /// <summary>Takes parts as they are listed: those without a gap count, the rest is stray. An empty one was put there to blot out another.</summary>
    public static (ImmutableArray<S3Part> Parts, ImmutableArray<int> Stray) Arrange(IEnumerable<S3Part> listed)
    {
        var parts = ImmutableArray.CreateBuilder<S3Part>();
        var stray = ImmutableArray.CreateBuilder<int>();
        foreach (var part in listed.Where(part => part.Bytes > 0).OrderBy(part => part.Number))
        {
            if (part.Number == parts.Count + 1)
                parts.Add(part with { End = part.Bytes + (parts.Count == 0 ? 0 : parts[^1].End) });
            else
                stray.Add(part.Number);
        }

        return (parts.ToImmutable(), stray.ToImmutable());
    }
}

/// <summary>The object of a finished upload.</summary>
internal sealed record S3Whole(long Bytes, DateTimeOffset StoredAt, RunningChecksum? Checksum);
