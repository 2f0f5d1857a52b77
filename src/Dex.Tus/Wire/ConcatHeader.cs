using System.Collections.Immutable;
using Dex.Tus.Stores;
using Microsoft.Extensions.Primitives;

namespace Dex.Tus.Wire;

/// <summary>The value of <c>Upload-Concat</c> (spec: tus.md 11).</summary>
/// <param name="Kind">Partial or final; whole if the header is absent.</param>
/// <param name="Parts">Ids named by a final upload, in order. An element that names no upload of ours is null.</param>
internal readonly record struct ConcatHeader(UploadKind Kind, ImmutableArray<string?> Parts)
{
    private const string FinalPrefix = "final;";

    /// <summary>False if the value is neither absent, <c>partial</c>, nor <c>final;</c> with at least one URL.</summary>
    public static bool TryRead(StringValues header, string mountPath, bool acceptsLong, out ConcatHeader read)
    {
        read = new ConcatHeader(UploadKind.Whole, []);
        if (header.Count == 0)
            return true;
        if (header.Count != 1)
            return false;

        var value = header[0] ?? "";
        if (value == "partial")
        {
            read = new ConcatHeader(UploadKind.Partial, []);
            return true;
        }

        if (!value.StartsWith(FinalPrefix, StringComparison.Ordinal))
            return false;

        var urls = value[FinalPrefix.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (urls.Length == 0)
            return false;
        read = new ConcatHeader(UploadKind.Final, [.. urls.Select(url => IdOf(url, mountPath, acceptsLong))]);
        return true;
    }

    /// <summary>The value that says the same of a stored upload, or null for a whole one.</summary>
    public static string? Write(Upload upload, string publicPrefix) => upload.Kind switch
    {
        UploadKind.Partial => "partial",
        UploadKind.Final => FinalPrefix + string.Join(' ', upload.Parts.Select(part => publicPrefix + part)),
        _ => null,
    };

    // Any host will do: only the path below the mount counts, and nothing is fetched.
    private static string? IdOf(string url, string mountPath, bool acceptsLong)
    {
        var path = url;
        if (url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            var slash = url.IndexOf('/', url.IndexOf("//", StringComparison.Ordinal) + 2);
            if (slash < 0)
                return null;
            path = url[slash..];
        }

        var query = path.IndexOfAny(['?', '#']);
        if (query >= 0)
            path = path[..query];
        return UploadPath.TryRead(path, mountPath, acceptsLong, out var named) ? named.UploadId : null;
    }
}
