using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>The blobs of finished uploads.</summary>
internal sealed class AzureUploadBlobs(AzureContainer container, UploadKeys keys)
{
    /// <summary>The blob of a finished upload, or null.</summary>
    public async Task<StoredWhole?> FindAsync(string uploadId, CancellationToken cancellationToken) =>
        await LookAsync(uploadId, cancellationToken) is { } found ? new StoredWhole(found.ContentLength, found.LastModified, null) : null;

    /// <summary>Gives the blob its metadata, if it was committed without.</summary>
    public async Task DescribeAsync(string uploadId, UploadMetadata metadata, CancellationToken cancellationToken)
    {
        var wanted = AzureMetadata.Of(metadata.ToSortedText()).ToDictionary();
        if (await LookAsync(uploadId, cancellationToken) is { } found && found.Metadata.Count == 0 && wanted.Count > 0)
            await RepeatAsync(uploadId, (blob, token) => blob.SetMetadataAsync(wanted, cancellationToken: token), cancellationToken);
    }

    /// <summary>Reads bytes of the blob; the stream ends with an exception where it is cut.</summary>
    public async Task<Stream> OpenAsync(string uploadId, long first, long bytes, CancellationToken cancellationToken)
    {
        if (bytes == 0)
            return new MemoryStream();
        var options = new BlobDownloadOptions { Range = new HttpRange(first, bytes) };
        var answer = (await RepeatAsync(uploadId, (blob, token) => blob.DownloadStreamingAsync(options, token), cancellationToken)).Value;
        if (answer.Details.ContentLength == bytes)
            return answer.Content;
        answer.Dispose();
        throw new StoreCallException("the store sent other bytes than it was asked for");
    }

    /// <summary>Removes the blob, or blocks that never became one; nothing there is success.</summary>
    public async Task DeleteAsync(string uploadId, CancellationToken cancellationToken)
    {
        if (!await RepeatAsync(uploadId, (blob, token) => blob.DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: token), cancellationToken))
            await DiscardBlocksAsync(uploadId, cancellationToken);
    }

    /// <summary>Removes blocks that were never committed, which there is no call for: a blob of none of them takes their place, and goes. One that is committed stays.</summary>
    public async Task DiscardBlocksAsync(string uploadId, CancellationToken cancellationToken)
    {
        ETag tag;
        try
        {
            var options = new CommitBlockListOptions { Conditions = AzureTag.Replacing(null) };
            tag = (await container.OnceAsync(
                (client, token) => client.GetBlockBlobClient(keys.Data(uploadId)).CommitBlockListAsync([], options, token), cancellationToken)).Value.ETag;
        }
        catch (StoreCallException committed) when (committed.Failure == StoreFailure.ConditionFailed)
        {
            return;
        }

        try
        {
            var conditions = new BlobRequestConditions { IfMatch = tag };
            await RepeatAsync(uploadId, (blob, token) => blob.DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, conditions, token), cancellationToken);
        }
        catch (StoreCallException changed) when (changed.Failure == StoreFailure.ConditionFailed)
        {
            // Somebody has made a blob of it meanwhile.
        }
    }

    private async Task<BlobProperties?> LookAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            return (await RepeatAsync(uploadId, (blob, token) => blob.GetPropertiesAsync(cancellationToken: token), cancellationToken)).Value;
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NotFound)
        {
            return null;
        }
    }

    private Task<T> RepeatAsync<T>(string uploadId, Func<BlockBlobClient, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        container.RepeatAsync((client, token) => call(client.GetBlockBlobClient(keys.Data(uploadId)), token), cancellationToken);
}
