namespace Dex.Tus.Wire;

/// <summary>What a path below the mount names: the collection, an upload, or nothing (spec: tus.md R1).</summary>
/// <param name="IsCollection">The path is the mount itself, with or without its trailing slash.</param>
/// <param name="UploadId">A valid id, or null.</param>
internal readonly record struct UploadPath(bool IsCollection, string? UploadId)
{
    /// <summary>Reads a decoded path. False if it is not below the mount at all.</summary>
    /// <param name="acceptsLong">Whether an id may have the form that the predecessor gave uploads in S3.</param>
    public static bool TryRead(string path, string mountPath, bool acceptsLong, out UploadPath read)
    {
        read = default;
        var mount = mountPath.AsSpan()[..^1];
        if (!path.AsSpan().StartsWith(mount, StringComparison.Ordinal))
            return false;

        var rest = path.AsSpan(mount.Length);
        if (rest.IsEmpty || rest is "/")
        {
            read = new UploadPath(true, null);
            return true;
        }

        if (rest[0] != '/')
            return false;
        rest = rest[1..];
        if (rest[^1] == '/')
            rest = rest[..^1];
        read = new UploadPath(false, Wire.UploadId.IsValid(rest) ? rest.ToString() : acceptsLong && Wire.UploadId.TryReadLong(rest, out var id) ? id : null);
        return true;
    }
}
