using System.Collections.Immutable;
using System.Globalization;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>The <c>.part</c> object: bytes after the last part that are too few to be one, and what is known of an upload between its requests (spec: tus.md S34, S35).</summary>
/// <param name="Bytes">Its size; 0 where it only keeps what is known.</param>
/// <param name="Tag">Its ETag.</param>
/// <param name="Start">The offset of its first byte; null for one of the predecessor's, which always begins after the last part.</param>
/// <param name="Checksum">Of the upload up to the tail's end.</param>
/// <param name="ModifiedAt">When the last byte was stored.</param>
internal sealed record UploadTail(long Bytes, string Tag, long? Start, RunningChecksum? Checksum, DateTimeOffset ModifiedAt)
{
    private const string StartName = "start";
    private const string ChecksumName = "crc32c";
    private const string ModifiedName = "modified";
    private const string SentName = "sent";
    private const string StrayName = "stray";

    /// <summary>When the last part was sent, where the store forgets parts after a while.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>Parts that never count, where the store cannot blot them out.</summary>
    public ImmutableArray<int> Stray { get; init; } = [];

    /// <summary>Where it ends; null for one of the predecessor's.</summary>
    public long? End => Start + Bytes;

    /// <summary>Bytes of it that lie behind the first <paramref name="stored"/> of the upload: none if parts have them all, or if it was written for parts that are not there.</summary>
    public long BytesAfter(long stored) => Start is { } start ? start > stored ? 0 : Math.Max(start + Bytes - stored, 0) : Bytes;

    /// <summary>What goes into the object's metadata.</summary>
    /// <param name="prefix">Of the names.</param>
    public IEnumerable<KeyValuePair<string, string>> Marks(string prefix)
    {
        yield return new(prefix + StartName, Text(Start!.Value));
        if (Checksum is { } checksum)
            yield return new(prefix + ChecksumName, string.Create(CultureInfo.InvariantCulture, $"{checksum.Value:x8}-{checksum.From}"));
        yield return new(prefix + ModifiedName, Text(ModifiedAt.UtcTicks));
        if (SentAt is { } sentAt)
            yield return new(prefix + SentName, Text(sentAt.UtcTicks));
        if (!Stray.IsEmpty)
            yield return new(prefix + StrayName, string.Join('-', Stray.Select(number => Text(number))));
    }

    /// <summary>Reads what is known; whatever cannot be read is as if it were not there.</summary>
    /// <param name="mark">The object's metadata by their names.</param>
    public static UploadTail Read(long bytes, string tag, string prefix, Func<string, string?> mark, DateTimeOffset storedAt)
    {
        var start = ReadNumber(mark(prefix + StartName));
        var checksum = start is null ? null : ReadChecksum(mark(prefix + ChecksumName));
        return new UploadTail(bytes, tag, start, checksum, ReadTime(mark(prefix + ModifiedName)) ?? storedAt)
        {
            SentAt = ReadTime(mark(prefix + SentName)),
            Stray = [.. (mark(prefix + StrayName)?.Split('-') ?? []).Select(ReadNumber).OfType<long>().Where(number => number <= int.MaxValue).Select(number => (int)number)],
        };
    }

    /// <summary>Whether both tell the same and hold as many bytes, whatever their tags.</summary>
    public bool IsLike(UploadTail other) =>
        this with { Tag = "", Stray = [] } == other with { Tag = "", Stray = [] } && Stray.SequenceEqual(other.Stray);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long? ReadNumber(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static RunningChecksum? ReadChecksum(string? text) =>
        text?.Split('-') is [{ Length: 8 } value, var from]
        && uint.TryParse(value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var crc) && ReadNumber(from) is { } offset
            ? new RunningChecksum(offset, crc)
            : null;

    private static DateTimeOffset? ReadTime(string? text) =>
        ReadNumber(text) is { } ticks && ticks <= DateTimeOffset.MaxValue.UtcTicks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;
}
