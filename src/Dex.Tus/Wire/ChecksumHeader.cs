using Dex.Tus.Digests;
using Microsoft.Extensions.Primitives;

namespace Dex.Tus.Wire;

/// <summary>The value of <c>Upload-Checksum</c>: an algorithm and the digest of one body (spec: tus.md 9).</summary>
internal static class ChecksumHeader
{
    public const string Name = "Upload-Checksum";

    /// <summary>Value of <c>Tus-Checksum-Algorithm</c>.</summary>
    public const string Algorithms = "sha1,md5,sha256,sha384,sha512";

    /// <summary>Null if the value is not one known algorithm, a space and its digest in base64.</summary>
    public static UploadDigest? Read(StringValues header)
    {
        if (header.Count != 1 || header[0]?.Split(' ') is not [var name, var encoded])
            return null;
        var algorithm = name switch
        {
            "sha1" => DigestAlgorithm.Sha1,
            "md5" => DigestAlgorithm.Md5,
            "sha256" => DigestAlgorithm.Sha256,
            "sha384" => DigestAlgorithm.Sha384,
            "sha512" => DigestAlgorithm.Sha512,
            _ => null,
        };
        if (algorithm is null)
            return null;
        var digest = new byte[algorithm.Bytes];
        return Convert.TryFromBase64String(encoded, digest, out var written) && written == digest.Length ? new UploadDigest(algorithm, digest) : null;
    }

    /// <summary>Whether a chunked body announces the field behind it.</summary>
    public static bool IsAnnounced(StringValues trailer) =>
        trailer.ToString().Split(',', StringSplitOptions.TrimEntries).Contains(Name, StringComparer.OrdinalIgnoreCase);
}
