using System.Collections.Immutable;
using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>The <c>.info</c> objects.</summary>
/// <param name="conditional">Whether the store heeds conditions on a PUT.</param>
internal sealed class S3Records(S3Connection connection, UploadKeys keys, bool conditional) : IUploadRecords
{
    public ImmutableSortedDictionary<string, string> StorageOf(string uploadId) => ImmutableSortedDictionary.CreateRange<string, string>(
        StringComparer.Ordinal, [new("Bucket", keys.Bucket), new("Key", keys.Data(uploadId)), new("Type", "s3store")]);

    public async Task<StoredRecord?> FindAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            return await connection.RepeatAsync((client, token) => DownloadAsync(client, uploadId, token), cancellationToken);
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
            return await connection.RepeatAsync(async (client, token) =>
            {
                tries++;
                using var content = new MemoryStream(json, writable: false);
                var request = new PutObjectRequest
                {
                    BucketName = keys.Bucket,
                    Key = keys.Record(uploadId),
                    InputStream = content,
                    ContentType = "application/json",
                    DisablePayloadSigning = connection.MayLeavePayloadUnsigned,
                };
                if (conditional && found is not null)
                    request.IfMatch = S3Tag.Bare(found.Tag);
                var answer = await client.PutObjectAsync(request, token);
                return new StoredRecord(record, answer.ETag, found?.StoredAt ?? record.CreatedAt ?? DateTimeOffset.MinValue);
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

    public Task DeleteAsync(string uploadId, CancellationToken cancellationToken) =>
        connection.RepeatAsync((client, token) => client.DeleteObjectAsync(keys.Bucket, keys.Record(uploadId), token), cancellationToken);

    private async Task<StoredRecord> DownloadAsync(Amazon.S3.IAmazonS3 client, string uploadId, CancellationToken cancellationToken)
    {
        using var answer = await client.GetObjectAsync(new GetObjectRequest { BucketName = keys.Bucket, Key = keys.Record(uploadId) }, cancellationToken);
        if (answer.ContentLength > UploadRecordJson.MaxBytes)
            throw new InvalidDataException("the upload's record is too large to be one");
        var json = new byte[answer.ContentLength];
        await answer.ResponseStream.ReadExactlyAsync(json, cancellationToken);
        var record = UploadRecordJson.Read(json);
        if (UploadKeys.ShortId(record.Id) != uploadId)
            throw new InvalidDataException("the upload's record is that of another upload");
        return new StoredRecord(record, answer.ETag, S3Time.Of(answer.LastModified));
    }
}
