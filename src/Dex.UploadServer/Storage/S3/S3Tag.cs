using System.Buffers.Binary;
using Dex.UploadServer.Storage.Objects;

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
        var all = new byte[tags.Count * ContentMd5.Length];
        var at = 0;
        foreach (var tag in tags)
        {
            if (tag.Length != 2 * ContentMd5.Length || Convert.FromHexString(tag, all.AsSpan(at), out _, out var written) != System.Buffers.OperationStatus.Done)
                return null;
            at += written;
        }

        return $"{Of(ContentMd5.Of(all))}-{tags.Count}";
    }

    /// <summary>A CRC-32C as S3 writes it.</summary>
    public static string Crc32C(uint crc)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, crc);
        return Convert.ToBase64String(bytes);
    }
}
