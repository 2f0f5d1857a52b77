using System.Globalization;
using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>The <c>.part</c> object: bytes after the last part that are too few to be one, and what is known of an upload between its requests (spec: tus.md S34, S35).</summary>
/// <param name="Bytes">Its size; 0 where it only keeps what is known.</param>
/// <param name="Tag">Its ETag.</param>
/// <param name="Start">The offset of its first byte; null for one of the predecessor's, which always begins after the last part.</param>
/// <param name="Checksum">Of the upload up to the tail's end.</param>
/// <param name="ModifiedAt">When the last byte was stored.</param>
internal sealed record S3Tail(long Bytes, string Tag, long? Start, RunningChecksum? Checksum, DateTimeOffset ModifiedAt)
{
    private const string StartKey = "dex-start";
    private const string ChecksumKey = "dex-crc32c";
    private const string ModifiedKey = "dex-modified";

    /// <summary>Where it ends; null for one of the predecessor's.</summary>
    public long? End => Start + Bytes;

    /// <summary>Bytes of it that lie behind the first <paramref name="stored"/> of the upload: none if parts have them all, or if it was written for parts that are not there.</summary>
    public long BytesAfter(long stored) => Start is { } start ? start > stored ? 0 : Math.Max(start + Bytes - stored, 0) : Bytes;

    public void WriteTo(MetadataCollection metadata)
    {
        metadata.Add(StartKey, Start!.Value.ToString(CultureInfo.InvariantCulture));
        if (Checksum is { } checksum)
            metadata.Add(ChecksumKey, string.Create(CultureInfo.InvariantCulture, $"{checksum.Value:x8}-{checksum.From}"));
        metadata.Add(ModifiedKey, ModifiedAt.UtcTicks.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Reads what is known; whatever cannot be read is as if it were not there.</summary>
    public static S3Tail Read(long bytes, string tag, MetadataCollection metadata, DateTimeOffset storedAt)
    {
        var start = ReadNumber(metadata[StartKey]);
        return new S3Tail(bytes, tag, start, start is null ? null : ReadChecksum(metadata[ChecksumKey]), ReadTime(metadata[ModifiedKey]) ?? storedAt);
    }

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
