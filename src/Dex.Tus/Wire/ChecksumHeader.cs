using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;

namespace Dex.Tus.Wire;

/// <summary>The value of <c>Upload-Checksum</c>: an algorithm and the digest of one body (spec: tus.md 9).</summary>
/// <param name="Algorithm">A hash the framework has.</param>
/// <param name="Digest">Of that hash's size.</param>
internal sealed record ChecksumHeader(HashAlgorithmName Algorithm, byte[] Digest)
{
    public const string Name = "Upload-Checksum";

    /// <summary>Value of <c>Tus-Checksum-Algorithm</c>.</summary>
    public const string Algorithms = "sha1,md5,sha256,sha384,sha512";

    /// <summary>Null if the value is not one known algorithm, a space and its digest in base64.</summary>
    public static ChecksumHeader? Read(StringValues header)
    {
        if (header.Count != 1 || header[0]?.Split(' ') is not [var name, var encoded])
            return null;
        var (algorithm, bytes) = name switch
        {
            "sha1" => (HashAlgorithmName.SHA1, SHA1.HashSizeInBytes),
            "md5" => (HashAlgorithmName.MD5, MD5.HashSizeInBytes),
            "sha256" => (HashAlgorithmName.SHA256, SHA256.HashSizeInBytes),
            "sha384" => (HashAlgorithmName.SHA384, SHA384.HashSizeInBytes),
            "sha512" => (HashAlgorithmName.SHA512, SHA512.HashSizeInBytes),
            _ => (default, 0),
        };
        var digest = new byte[bytes];
        return bytes > 0 && Convert.TryFromBase64String(encoded, digest, out var written) && written == bytes
            ? new ChecksumHeader(algorithm, digest)
            : null;
    }

    /// <summary>Whether a chunked body announces the field behind it.</summary>
    public static bool IsAnnounced(StringValues trailer) =>
        trailer.ToString().Split(',', StringSplitOptions.TrimEntries).Contains(Name, StringComparer.OrdinalIgnoreCase);
}
