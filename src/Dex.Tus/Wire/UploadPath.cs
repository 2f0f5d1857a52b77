namespace Dex.Tus.Wire;

/// <summary>What a path below the mount names: the collection, an upload, or nothing (spec: tus.md R1).</summary>
/// <param name="IsCollection">The path is the mount itself, with or without its trailing slash.</param>
/// <param name="UploadId">A valid id, or null.</param>
internal readonly record struct UploadPath(bool IsCollection, string? UploadId)
{
    /// <summary>Reads a decoded path. False if it is not below the mount at all.</summary>
    public static bool TryRead(string path, string mountPath, out UploadPath read)
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
        read = new UploadPath(false, Wire.UploadId.IsValid(rest) ? rest.ToString() : null);
        return true;
    }
}
