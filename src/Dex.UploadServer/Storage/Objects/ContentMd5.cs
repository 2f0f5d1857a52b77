using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>The checksum that object stores themselves compare what arrives with.</summary>
internal static class ContentMd5
{
    public const int Length = MD5.HashSizeInBytes;

    [SuppressMessage("Security", "CA5351", Justification = "The stores' checksum; what it protects from is damage, not forgery.")]
    public static byte[] Of(ReadOnlySpan<byte> bytes) => MD5.HashData(bytes);
}
