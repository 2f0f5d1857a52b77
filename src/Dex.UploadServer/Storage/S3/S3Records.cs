using System.Collections.Immutable;
using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>A record as it was read or written.</summary>
internal sealed record S3Record(UploadRecord Content, string Tag, DateTimeOffset StoredAt);

/// <summary>Finds and writes the <c>.info</c> objects. One is replaced whole or not at all.</summary>
/// <param name="conditional">Whether the store heeds conditions on a PUT.</param>
internal sealed class S3Records(S3Connection connection, S3Keys keys, bool conditional)
{
    /// <summary>What a new record says of where the data is.</summary>
    public ImmutableSortedDictionary<string, string> StorageOf(string uploadId) => ImmutableSortedDictionary.CreateRange<string, string>(
        StringComparer.Ordinal, [new("Bucket", keys.Bucket), new("Key", keys.Data(uploadId)), new("Type", "s3store")]);

    /// <summary>Null if there is none: only then is there no such upload.</summary>
    /// <exception cref="InvalidDataException">It cannot be read.</exception>
    public async Task<S3Record?> FindAsync(string uploadId, CancellationToken cancellationToken)
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

    /// <summary>Writes a record.</summary>
    /// <param name="found">What it replaces; null for a new one.</param>
    /// <exception cref="StoreCallException">Somebody has changed it meanwhile.</exception>
    public async Task<S3Record> PutAsync(string uploadId, UploadRecord record, S3Record? found, CancellationToken cancellationToken)
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
                return new S3Record(record, answer.ETag, found?.StoredAt ?? record.CreatedAt ?? DateTimeOffset.MinValue);
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

    private async Task<S3Record> DownloadAsync(Amazon.S3.IAmazonS3 client, string uploadId, CancellationToken cancellationToken)
    {
        using var answer = await client.GetObjectAsync(new GetObjectRequest { BucketName = keys.Bucket, Key = keys.Record(uploadId) }, cancellationToken);
        if (answer.ContentLength > UploadRecordJson.MaxBytes)
            throw new InvalidDataException("the upload's record is too large to be one");
        var json = new byte[answer.ContentLength];
        await answer.ResponseStream.ReadExactlyAsync(json, cancellationToken);
        var record = UploadRecordJson.Read(json);
        if (S3Keys.ShortId(record.Id) != uploadId)
            throw new InvalidDataException("the upload's record is that of another upload");
        return new S3Record(record, answer.ETag, S3Time.Of(answer.LastModified));
    }
}
