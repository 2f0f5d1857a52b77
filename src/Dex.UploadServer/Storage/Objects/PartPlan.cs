namespace Dex.UploadServer.Storage.Objects;

/// <summary>How a file is cut into parts: all of the same length but the last.</summary>
internal readonly record struct PartPlan(long Length, long PartBytes)
{
    private const long Mebibyte = 1 << 20;

    /// <summary>Parts of the usual length, or longer ones if there would be too many.</summary>
    /// <param name="mostParts">As many as the store takes.</param>
    public static PartPlan For(long length, long usualBytes, int mostParts)
    {
        var needed = (length + mostParts - 1) / mostParts;
        return new(length, needed <= usualBytes ? usualBytes : (needed + Mebibyte - 1) / Mebibyte * Mebibyte);
    }

    public int Count => (int)((Length + PartBytes - 1) / PartBytes);

    public long OffsetOf(int index) => index * PartBytes;

    public long LengthOf(int index) => Math.Min(PartBytes, Length - OffsetOf(index));
}
