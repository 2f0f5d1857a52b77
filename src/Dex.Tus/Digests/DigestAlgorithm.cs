using System.Security.Cryptography;

namespace Dex.Tus.Digests;

/// <summary>A way to compute a digest, under its name in HTTP's digest fields (RFC 9530).</summary>
public sealed class DigestAlgorithm
{
    public static readonly DigestAlgorithm Sha256 = new("sha-256", SHA256.HashSizeInBytes, HashAlgorithmName.SHA256);
    public static readonly DigestAlgorithm Sha512 = new("sha-512", SHA512.HashSizeInBytes, HashAlgorithmName.SHA512);

    /// <summary>CRC-32C, the most significant byte first. Known of every upload; finds accidents, not attacks.</summary>
    public static readonly DigestAlgorithm Crc32C = new("crc32c", sizeof(uint), default);

    internal static readonly DigestAlgorithm Md5 = new("md5", MD5.HashSizeInBytes, HashAlgorithmName.MD5);
    internal static readonly DigestAlgorithm Sha1 = new("sha", SHA1.HashSizeInBytes, HashAlgorithmName.SHA1);
    internal static readonly DigestAlgorithm Sha384 = new("sha-384", SHA384.HashSizeInBytes, HashAlgorithmName.SHA384);

    private DigestAlgorithm(string name, int bytes, HashAlgorithmName hash)
    {
        Name = name;
        Bytes = bytes;
        Hash = hash;
    }

    /// <summary>Those that a digest of a whole upload may have, the one to prefer first.</summary>
    public static IReadOnlyList<DigestAlgorithm> ForUploads { get; } = [Sha256, Sha512, Crc32C];

    /// <summary>Key in a digest field.</summary>
    public string Name { get; }

    /// <summary>Bytes of a digest.</summary>
    public int Bytes { get; }

    /// <summary>The framework's name for it; none for CRC-32C.</summary>
    internal HashAlgorithmName Hash { get; }

    /// <summary>The algorithm of that name for whole uploads and request contents; null if there is none.</summary>
    public static DigestAlgorithm? Find(string name)
    {
        foreach (var algorithm in ForUploads)
        {
            if (algorithm.Name == name)
                return algorithm;
        }

        return null;
    }

    public override string ToString() => Name;
}
