using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>The <c>.part</c> objects.</summary>
/// <param name="conditional">Whether the store heeds conditions on a PUT: then one that lost its lock cannot put its tail in place of another's (spec: tus.md S310).</param>
internal sealed class S3Tails(S3Connection connection, UploadKeys keys, bool conditional) : IUploadTails
{
    private const string MarkPrefix = "dex-";

    /// <summary>Where the upload's is.</summary>
    public string KeyOf(string uploadId) => keys.Tail(uploadId);

    public async Task<UploadTail?> FindAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await connection.RepeatAsync((client, token) => client.GetObjectMetadataAsync(keys.Bucket, keys.Tail(uploadId), token), cancellationToken);
            return UploadTail.Read(answer.ContentLength, answer.ETag, MarkPrefix, name => answer.Metadata[name], S3Time.Of(answer.LastModified));
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NotFound)
        {
            return null;
        }
    }

    public async Task ReadAsync(string uploadId, UploadTail tail, long bytes, PooledPart into, CancellationToken cancellationToken) =>
        await connection.RepeatAsync(async (client, token) =>
        {
            into.CutTo(0);
            using var answer = await client.GetObjectAsync(new GetObjectRequest
            {
                BucketName = keys.Bucket,
                Key = keys.Tail(uploadId),
                EtagToMatch = tail.Tag,
                ByteRange = new ByteRange(tail.Bytes - bytes, tail.Bytes - 1),
            }, token);
            if (answer.ContentLength != bytes)
                throw new IOException("the store sent other bytes than it was asked for");
            await into.FillAsync(answer.ResponseStream, bytes, token);
            return true;
        }, cancellationToken);

    public async Task<UploadTail> PutAsync(string uploadId, UploadTail? found, UploadTail tail, Func<Stream> open, CancellationToken cancellationToken)
    {
        var tries = 0;
        try
        {
            return await connection.RepeatAsync(async (client, token) =>
            {
                tries++;
                await using var content = open();
                var request = new PutObjectRequest
                {
                    BucketName = keys.Bucket,
                    Key = keys.Tail(uploadId),
                    InputStream = content,
                    AutoCloseStream = false,
                    DisablePayloadSigning = connection.MayLeavePayloadUnsigned,
                };
                if (conditional && found is null)
                    request.IfNoneMatch = "*";
                else if (conditional)
                    request.IfMatch = S3Tag.Bare(found!.Tag);
                foreach (var (name, value) in tail.Marks(MarkPrefix))
                    request.Metadata.Add(name, value);
                var answer = await client.PutObjectAsync(request, token);
                return tail with { Bytes = content.Length, Tag = answer.ETag };
            }, cancellationToken);
        }
        catch (StoreCallException changed) when (changed.Failure == StoreFailure.ConditionFailed && tries > 1)
        {
            // The first try may have been ours, and its answer lost.
            await using var content = open();
            if (await FindAsync(uploadId, cancellationToken) is { } there && there.IsLike(tail with { Bytes = content.Length }))
                return there;
            throw;
        }
    }

    public Task DeleteAsync(string uploadId, CancellationToken cancellationToken) =>
        connection.RepeatAsync((client, token) => client.DeleteObjectAsync(keys.Bucket, keys.Tail(uploadId), token), cancellationToken);
}
