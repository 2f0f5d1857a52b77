using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Amazon.S3.Model;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>The multipart uploads that take uploads' bytes, and the objects they become.</summary>
internal sealed class S3UploadParts(S3Connection connection, UploadKeys keys)
{
    /// <summary>S3's own limit.</summary>
    public const int MostParts = 10_000;

    /// <summary>S3's own limit, for one that is copied too.</summary>
    public const long LargestPart = 5L << 30;

    /// <summary>S3's own limit.</summary>
    public const long LargestObject = 5L << 40;

    private const string ContentTypeKey = "filetype";

    /// <summary>Begins one, with the metadata of the object it becomes (spec: tus.md S38). An answer that is lost leaves another behind, for the sweep.</summary>
    public Task<string> BeginAsync(string uploadId, UploadMetadata metadata, CancellationToken cancellationToken) =>
        connection.RepeatAsync(async (client, token) =>
        {
            var request = new InitiateMultipartUploadRequest { BucketName = keys.Bucket, Key = keys.Data(uploadId) };
            S3Metadata.Of(metadata.ToSortedText()).AddTo(request.Metadata);
            if (metadata.TryGetText(ContentTypeKey, out var type) && MediaTypeHeaderValue.TryParse(type, out _) && Ascii.IsValid(type))
                request.ContentType = type;
            return (await client.InitiateMultipartUploadAsync(request, token)).UploadId;
        }, cancellationToken);

    /// <summary>Stores a part, in place of what had its number.</summary>
    /// <param name="open">Its bytes from the first, for each try.</param>
    public Task<StoredPart> PutPartAsync(string uploadId, string multipartId, int number, long bytes, Func<Stream> open, CancellationToken cancellationToken) =>
        connection.RepeatAsync(async (client, token) =>
        {
            await using var content = open();
            var answer = await client.UploadPartAsync(new UploadPartRequest
            {
                BucketName = keys.Bucket,
                Key = keys.Data(uploadId),
                UploadId = multipartId,
                PartNumber = number,
                PartSize = bytes,
                InputStream = content,
                DisablePayloadSigning = connection.MayLeavePayloadUnsigned,
            }, token);
            return new StoredPart(number, bytes, answer.ETag, DateTimeOffset.MinValue);
        }, cancellationToken);

    /// <summary>Makes a part of bytes that another object of the bucket has.</summary>
    public Task<StoredPart> CopyPartAsync(
        string uploadId, string multipartId, int number, string sourceKey, string? sourceTag, long first, long bytes, CancellationToken cancellationToken) =>
        connection.RepeatAsync(async (client, token) =>
        {
            var request = new CopyPartRequest
            {
                SourceBucket = keys.Bucket,
                SourceKey = sourceKey,
                DestinationBucket = keys.Bucket,
                DestinationKey = keys.Data(uploadId),
                UploadId = multipartId,
                PartNumber = number,
                FirstByte = first,
                LastByte = first + bytes - 1,
            };
            if (sourceTag is not null)
                request.ETagToMatch = [sourceTag];
            var answer = await client.CopyPartAsync(request, token);
            return new StoredPart(number, bytes, answer.ETag, DateTimeOffset.MinValue);
        }, cancellationToken);

    /// <summary>The parts there are behind a number, in order.</summary>
    /// <returns>Null if there is no such multipart upload: finished, or aborted.</returns>
    public async Task<List<StoredPart>?> ListPartsAsync(string uploadId, string multipartId, int after, CancellationToken cancellationToken)
    {
        var parts = new List<StoredPart>();
        for (var marker = after; ;)
        {
            ListPartsResponse page;
            try
            {
                page = await connection.RepeatAsync((client, token) => client.ListPartsAsync(new ListPartsRequest
                {
                    BucketName = keys.Bucket,
                    Key = keys.Data(uploadId),
                    UploadId = multipartId,
                    PartNumberMarker = marker.ToString(System.Globalization.CultureInfo.InvariantCulture),
                }, token), cancellationToken);
            }
            catch (StoreCallException gone) when (gone.Failure is StoreFailure.NoMultipartUpload or StoreFailure.NotFound)
            {
                return null;
            }

            foreach (var part in page.Parts ?? [])
                parts.Add(new StoredPart(part.PartNumber!.Value, part.Size!.Value, part.ETag, S3Time.Of(part.LastModified)));
            if (page.IsTruncated != true)
                return parts;

            // An offset from a list that was cut is a wrong one.
            var next = page.NextPartNumberMarker ?? 0;
            if (next <= marker)
                throw new StoreCallException("the store cut a list of parts and does not say where");
            marker = next;
        }
    }

    /// <summary>Makes the object of its parts. An answer that was lost, or that says there is no such multipart upload, is believed as far as the object is there (spec: tus.md S37).</summary>
    public Task CompleteAsync(string uploadId, string multipartId, IEnumerable<StoredPart> parts, CancellationToken cancellationToken)
    {
        List<PartETag> list = [.. parts.Select(part => new PartETag(part.Number, part.Tag))];
        var bytes = parts.Sum(part => part.Bytes);
        return connection.RepeatAsync(async (client, token) =>
        {
            try
            {
                var request = new CompleteMultipartUploadRequest { BucketName = keys.Bucket, Key = keys.Data(uploadId), UploadId = multipartId, PartETags = list };
                await connection.OnceAsync((_, inner) => client.CompleteMultipartUploadAsync(request, inner), token);
            }
            catch (StoreCallException failure) when (failure.MayHaveHappened || failure.Failure is StoreFailure.NoMultipartUpload)
            {
                if ((await FindWholeAsync(uploadId, token))?.Bytes != bytes)
                    throw;
            }

            return true;
        }, cancellationToken);
    }

    /// <summary>Gives one up with its parts. One that is not there is no error.</summary>
    public async Task AbortAsync(string uploadId, string multipartId, CancellationToken cancellationToken)
    {
        try
        {
            await connection.RepeatAsync((client, token) => client.AbortMultipartUploadAsync(keys.Bucket, keys.Data(uploadId), multipartId, token), cancellationToken);
        }
        catch (StoreCallException gone) when (gone.Failure is StoreFailure.NoMultipartUpload or StoreFailure.NotFound)
        {
            // It is what was asked for.
        }
    }

    /// <summary>The object of a finished upload, or null.</summary>
    public async Task<StoredWhole?> FindWholeAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await connection.RepeatAsync((client, token) => client.GetObjectMetadataAsync(keys.Bucket, keys.Data(uploadId), token), cancellationToken);
            return new StoredWhole(answer.ContentLength, S3Time.Of(answer.LastModified), null);
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NotFound)
        {
            return null;
        }
    }

    public Task DeleteWholeAsync(string uploadId, CancellationToken cancellationToken) =>
        connection.RepeatAsync((client, token) => client.DeleteObjectAsync(keys.Bucket, keys.Data(uploadId), token), cancellationToken);

    /// <summary>Reads bytes of a finished upload.</summary>
    /// <returns>To be disposed; ends with an exception where it is cut.</returns>
    public async Task<GetObjectResponse> OpenWholeAsync(string uploadId, long first, long bytes, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = keys.Bucket, Key = keys.Data(uploadId) };
        if (bytes > 0)
            request.ByteRange = new ByteRange(first, first + bytes - 1);
        var answer = await connection.RepeatAsync((client, token) => client.GetObjectAsync(request, token), cancellationToken);
        if (answer.ContentLength == bytes && (bytes == 0 || answer.HttpStatusCode is HttpStatusCode.PartialContent or HttpStatusCode.OK))
            return answer;
        answer.Dispose();
        throw new StoreCallException("the store sent other bytes than it was asked for");
    }
}
