using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Dex.UploadServer.Storage.S3;

/// <summary>ETags as checksums: of an object put at once most services make the MD5 of its bytes, of one put in parts the MD5 of the parts' MD5s.</summary>
internal static class S3Tag
{
    /// <summary>Without quotes, to be compared.</summary>
    public static string Bare(string tag) => tag.Trim('"');

    /// <summary>The tag of an object put at once, where tags are MD5s.</summary>
    public static string Of(byte[] md5) => Convert.ToHexStringLower(md5);

    /// <summary>The tag of an object put in parts, from those of its parts; null if they are no MD5s.</summary>
    public static string? OfParts(IReadOnlyCollection<string> tags)
    {
        var all = new byte[tags.Count * MD5.HashSizeInBytes];
        var at = 0;
        foreach (var tag in tags)
        {
            if (tag.Length != 2 * MD5.HashSizeInBytes || Convert.FromHexString(tag, all.AsSpan(at), out _, out var written) != System.Buffers.OperationStatus.Done)
                return null;
            at += written;
        }

        return $"{Of(Md5(all))}-{tags.Count}";
    }

    /// <summary>The checksum that the service itself compares what arrives with.</summary>
    [SuppressMessage("Security", "CA5351", Justification = "S3's checksum; what it protects from is damage, not forgery.")]
    public static byte[] Md5(ReadOnlySpan<byte> bytes) => MD5.HashData(bytes);

    /// <summary>A CRC-32C as S3 writes it.</summary>
    public static string Crc32C(uint crc)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, crc);
        return Convert.ToBase64String(bytes);
    }
}
