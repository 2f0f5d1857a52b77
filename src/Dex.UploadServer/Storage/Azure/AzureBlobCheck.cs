using Azure.Storage.Blobs.Models;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Looks whether a blob at a target is what was sent, without reading it: what it is made of the store has compared with its checksums already (spec: reliability.md 5).</summary>
internal static class AzureBlobCheck
{
    /// <summary>Commits blocks, and looks at the blob.</summary>
    /// <exception cref="StoreCallException">It is not visible, or is another, or nobody knows.</exception>
    public static async Task CommitAsync(AzureBlocks blocks, ObjectMetadata metadata, long length, CancellationToken cancellationToken)
    {
        var tag = await blocks.CommitAsync(metadata, cancellationToken);
        var found = await LookAsync(blocks.Place, length, cancellationToken);

        // Another try of the same delivery may have been quicker to look at; another file may not.
        if (found.ETag != tag && !await blocks.IsCommittedAsync(cancellationToken))
            throw new StoreCallException("the blob was replaced by another right after it was written");
    }

    /// <exception cref="StoreCallException">The blob is not there, or is not as long, or nobody can look.</exception>
    public static async Task<BlobProperties> LookAsync(AzurePlace place, long length, CancellationToken cancellationToken)
    {
        var found = await place.Container.RepeatAsync(
            async (client, token) => (await client.GetBlobClient(place.Name).GetPropertiesAsync(cancellationToken: token)).Value, cancellationToken);
        return found.ContentLength == length
            ? found
            : throw new StoreCallException($"the blob has {found.ContentLength} bytes instead of {length} after it was written");
    }
}
