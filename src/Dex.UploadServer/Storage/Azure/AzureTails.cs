using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>The <c>.part</c> blobs, which the predecessor has not: it counts the blocks alone.</summary>
internal sealed class AzureTails(AzureContainer container, UploadKeys keys) : IUploadTails
{
    private const string MarkPrefix = "dex_";

    public async Task<UploadTail?> FindAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            var found = (await RepeatAsync(uploadId, (blob, token) => blob.GetPropertiesAsync(cancellationToken: token), cancellationToken)).Value;
            return UploadTail.Read(found.ContentLength, AzureTag.Of(found.ETag), MarkPrefix, name => found.Metadata.TryGetValue(name, out var value) ? value : null, found.LastModified);
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NotFound)
        {
            return null;
        }
    }

    public Task ReadAsync(string uploadId, UploadTail tail, long bytes, PooledPart into, CancellationToken cancellationToken) =>
        RepeatAsync(uploadId, async (blob, token) =>
        {
            into.CutTo(0);
            var options = new BlobDownloadOptions { Range = new HttpRange(tail.Bytes - bytes, bytes), Conditions = AzureTag.Replacing(tail.Tag) };
            using var answer = (await blob.DownloadStreamingAsync(options, token)).Value;
            if (answer.Details.ContentLength != bytes)
                throw new IOException("the store sent other bytes than it was asked for");
            await into.FillAsync(answer.Content, bytes, token);
            return true;
        }, cancellationToken);

    public Task<UploadTail> PutAsync(string uploadId, UploadTail? found, UploadTail tail, Func<Stream> open, CancellationToken cancellationToken)
    {
        long Length()
        {
            using var content = open();
            return content.Length;
        }

        return WriteAsync(uploadId, tail with { Bytes = Length() }, async (blob, wanted, token) =>
        {
            await using var content = open();
            var options = new BlobUploadOptions
            {
                Conditions = AzureTag.Replacing(found?.Tag),
                Metadata = MarksOf(wanted),
                TransferValidation = AzureChecksum.Md5,
            };
            return (await blob.UploadAsync(content, options, token)).Value.ETag;
        }, cancellationToken);
    }

    /// <summary>Changes what a tail tells; its bytes stay.</summary>
    public Task<UploadTail> MarkAsync(string uploadId, UploadTail found, UploadTail tail, CancellationToken cancellationToken) =>
        WriteAsync(uploadId, tail with { Bytes = found.Bytes }, async (blob, wanted, token) =>
            (await blob.SetMetadataAsync(MarksOf(wanted), AzureTag.Replacing(found.Tag), token)).Value.ETag, cancellationToken);

    public Task DeleteAsync(string uploadId, CancellationToken cancellationToken) => RepeatAsync(
        uploadId, (blob, token) => blob.DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: token), cancellationToken);

    private static Dictionary<string, string> MarksOf(UploadTail tail) => new(tail.Marks(MarkPrefix), StringComparer.Ordinal);

    private async Task<UploadTail> WriteAsync(
        string uploadId, UploadTail wanted, Func<BlockBlobClient, UploadTail, CancellationToken, Task<ETag>> write, CancellationToken cancellationToken)
    {
        var tries = 0;
        try
        {
            var tag = await RepeatAsync(uploadId, (blob, token) =>
            {
                tries++;
                return write(blob, wanted, token);
            }, cancellationToken);
            return wanted with { Tag = AzureTag.Of(tag) };
        }
        catch (StoreCallException changed) when (changed.Failure == StoreFailure.ConditionFailed && tries > 1)
        {
            // The first try may have been ours, and its answer lost.
            if (await FindAsync(uploadId, cancellationToken) is { } there && there.IsLike(wanted))
                return there;
            throw;
        }
    }

    private Task<T> RepeatAsync<T>(string uploadId, Func<BlockBlobClient, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        container.RepeatAsync((client, token) => call(client.GetBlockBlobClient(keys.Tail(uploadId)), token), cancellationToken);
}
