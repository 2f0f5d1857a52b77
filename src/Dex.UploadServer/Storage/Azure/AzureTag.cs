using Azure;
using Azure.Storage.Blobs.Models;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>ETags as texts, and what may be done under them.</summary>
internal static class AzureTag
{
    public static string Of(ETag tag) => tag.ToString("H");

    /// <summary>A blob is written only in place of the one that was found.</summary>
    /// <param name="tag">Null if there was none.</param>
    public static BlobRequestConditions Replacing(string? tag) =>
        tag is null ? new BlobRequestConditions { IfNoneMatch = ETag.All } : new BlobRequestConditions { IfMatch = new ETag(tag) };
}
