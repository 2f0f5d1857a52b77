using Azure.Storage;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>What is sent bears a checksum that the service compares.</summary>
internal static class AzureChecksum
{
    /// <summary>The cheaper CRC-64 would be put by the SDK into the midst of the content, which services without that newest format store as data.</summary>
    public static UploadTransferValidationOptions Md5 => new() { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 };
}
