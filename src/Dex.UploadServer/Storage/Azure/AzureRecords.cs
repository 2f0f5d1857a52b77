using System.Collections.Immutable;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>The <c>.info</c> blobs.</summary>
internal sealed class AzureRecords(AzureContainer container, UploadKeys keys) : IUploadRecords
{
    public ImmutableSortedDictionary<string, string> StorageOf(string uploadId) => ImmutableSortedDictionary.CreateRange<string, string>(
        StringComparer.Ordinal, [new("Container", keys.Bucket), new("Key", keys.Data(uploadId)), new("Type", "azurestore")]);

    public async Task<StoredRecord?> FindAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            return await container.RepeatAsync((client, token) => DownloadAsync(client, uploadId, token), cancellationToken);
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NotFound)
        {
            return null;
        }
    }

    public async Task<StoredRecord> PutAsync(string uploadId, UploadRecord record, StoredRecord? found, CancellationToken cancellationToken)
    {
        var json = UploadRecordJson.Write(record).ToArray();
        var tries = 0;
        try
        {
            return await container.RepeatAsync(async (client, token) =>
            {
                tries++;
                using var content = new MemoryStream(json, writable: false);
                var options = new BlobUploadOptions
                {
                    HttpHeaders = new BlobHttpHeaders { ContentType = "application/json" },
                    Conditions = AzureTag.Replacing(found?.Tag),
                    TransferValidation = AzureChecksum.Md5,
                };
                var answer = await client.GetBlockBlobClient(keys.Record(uploadId)).UploadAsync(content, options, token);
                return new StoredRecord(record, AzureTag.Of(answer.Value.ETag), found?.StoredAt ?? record.CreatedAt ?? DateTimeOffset.MinValue);
            }, cancellationToken);
        }
        catch (StoreCallException changed) when (changed.Failure == StoreFailure.ConditionFailed && tries > 1)
        {
            // The first try may have been ours, and its answer lost.
            if (await FindAsync(uploadId, cancellationToken) is { } there && UploadRecordJson.Write(there.Content).Span.SequenceEqual(json))
                return there;
            throw;
        }
    }

    public Task DeleteAsync(string uploadId, CancellationToken cancellationToken) => container.RepeatAsync(
        (client, token) => client.GetBlobClient(keys.Record(uploadId)).DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: token), cancellationToken);

    private async Task<StoredRecord> DownloadAsync(BlobContainerClient client, string uploadId, CancellationToken cancellationToken)
    {
        using var answer = (await client.GetBlobClient(keys.Record(uploadId)).DownloadStreamingAsync(new BlobDownloadOptions(), cancellationToken)).Value;
        if (answer.Details.ContentLength > UploadRecordJson.MaxBytes)
            throw new InvalidDataException("the upload's record is too large to be one");
        var json = new byte[answer.Details.ContentLength];
        await answer.Content.ReadExactlyAsync(json, cancellationToken);
        var record = UploadRecordJson.Read(json);
        if (record.Id != uploadId)
            throw new InvalidDataException("the upload's record is that of another upload");
        return new StoredRecord(record, AzureTag.Of(answer.Details.ETag), answer.Details.LastModified);
    }
}
