using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs.Models;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Goes through the blobs of all uploads, page by page.</summary>
internal sealed class AzureListing(AzureContainer container, UploadKeys keys)
{
    /// <param name="states">With blobs that have no committed blocks yet, or without.</param>
    public IAsyncEnumerable<UploadObjects> ListAsync(BlobStates states, CancellationToken cancellationToken) =>
        UploadObjects.GatherAsync(ListBelowAsync(keys.Folder, states, cancellationToken), keys, cancellationToken);

    /// <summary>That of one upload, if it has any blob.</summary>
    public IAsyncEnumerable<UploadObjects> ListAsync(string uploadId, BlobStates states, CancellationToken cancellationToken) =>
        UploadObjects.GatherAsync(ListBelowAsync(keys.Data(uploadId), states, cancellationToken), keys, cancellationToken);

    private async IAsyncEnumerable<ListedObject> ListBelowAsync(string prefix, BlobStates states, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            var from = next;
            var page = await ReadPageAsync(prefix, states, from, cancellationToken);
            foreach (var item in page?.Values ?? [])
                yield return new ListedObject(item.Name, item.Properties.ContentLength ?? 0, item.Properties.LastModified ?? DateTimeOffset.MaxValue);
            next = page?.ContinuationToken;
        }
        while (next is { Length: > 0 });
    }

    // Without its container there is no upload. It is made at the start, while others list already.
    private async Task<Page<BlobItem>?> ReadPageAsync(string prefix, BlobStates states, string? from, CancellationToken cancellationToken)
    {
        try
        {
            return await container.RepeatAsync(async (client, token) =>
            {
                await using var pages = client.GetBlobsAsync(BlobTraits.None, states, prefix, token).AsPages(from).GetAsyncEnumerator(token);
                return await pages.MoveNextAsync() ? pages.Current : null;
            }, cancellationToken);
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NoBucket && from is null)
        {
            return null;
        }
    }
}
