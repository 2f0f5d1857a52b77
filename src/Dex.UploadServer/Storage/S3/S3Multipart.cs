using Amazon.S3;
using Amazon.S3.Model;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>A multipart upload under way: nothing is visible of it before it is complete (spec: reliability.md T1, U1, U2).</summary>
/// <param name="declaresChecksum">Whether it was begun with the promise of a CRC-32C of the whole.</param>
internal sealed class S3Multipart(S3Place place, string id, int parts, bool declaresChecksum)
{
    private readonly PartETag[] _parts = new PartETag[parts];
    private readonly string[] _expectedTags = new string[parts];

    public S3Place Place => place;

    public string Id => id;

    /// <summary>The tag of the complete object, where tags are made of MD5s.</summary>
    public string? ExpectedTag => S3Tag.OfParts(_expectedTags);

    /// <summary>Sends a part; as often as it takes, for the same number and bytes are the same part.</summary>
    public async Task PutAsync(FilledPart part, Action<int> moved, CancellationToken cancellationToken)
    {
        var md5 = place.Connection.SendsMd5 ? ContentMd5.Of(part.Span) : null;
        var tag = await place.Connection.RepeatAsync(PutOnceAsync, cancellationToken);
        _expectedTags[part.Index] = md5 is null ? S3Tag.Bare(tag) : S3Tag.Of(md5);
        _parts[part.Index] = new PartETag(part.Index + 1, tag) { ChecksumCRC32C = md5 is null ? S3Tag.Crc32C(part.Crc32C) : null };

        async Task<string> PutOnceAsync(IAmazonS3 client, CancellationToken token)
        {
            var request = new UploadPartRequest
            {
                BucketName = place.Bucket,
                Key = place.Key,
                UploadId = id,
                PartNumber = part.Index + 1,
                PartSize = part.Length,
                InputStream = new PartContent(part.Bytes, part.Length, moved),
                UseChunkEncoding = false,
                DisablePayloadSigning = place.Connection.MayLeavePayloadUnsigned ? true : null,
            };
            if (md5 is not null)
                request.MD5Digest = Convert.ToBase64String(md5);
            else
                (request.ChecksumAlgorithm, request.ChecksumCRC32C) = (ChecksumAlgorithm.CRC32C, S3Tag.Crc32C(part.Crc32C));
            return TagOf((await client.UploadPartAsync(request, token)).ETag);
        }
    }

    /// <summary>Has the store copy a part from another object, as long as that is the version it was.</summary>
    public async Task CopyAsync(int index, StoredObject source, long offset, long length, CancellationToken cancellationToken)
    {
        var tag = await place.Connection.RepeatAsync(async (client, token) => TagOf((await client.CopyPartAsync(NewRequest(), token)).ETag), cancellationToken);
        _expectedTags[index] = S3Tag.Bare(tag);
        _parts[index] = new PartETag(index + 1, tag);

        CopyPartRequest NewRequest() => new()
        {
            SourceBucket = source.Container,
            SourceKey = source.Key,
            ETagToMatch = [source.Version],
            FirstByte = offset,
            LastByte = offset + length - 1,
            DestinationBucket = place.Bucket,
            DestinationKey = place.Key,
            UploadId = id,
            PartNumber = index + 1,
        };
    }

    /// <summary>Makes the object visible. Where an answer was lost, this returns although it may not have happened: look at the object.</summary>
    /// <param name="crc">Of all bytes; null if nobody knows.</param>
    /// <exception cref="StoreCallException">It has not happened, or nobody knows.</exception>
    public async Task CompleteAsync(uint? crc, CancellationToken cancellationToken)
    {
        var isRepeated = false;
        await place.Connection.RepeatAsync(async (_, token) =>
        {
            try
            {
                return await place.Connection.OnceAsync((client, inner) => client.CompleteMultipartUploadAsync(NewRequest(), inner), token);
            }
            catch (StoreCallException gone) when (isRepeated && gone.Failure is StoreFailure.NoMultipartUpload or StoreFailure.NotFound)
            {
                return null; // done by the call before, as it seems
            }
            finally
            {
                isRepeated = true;
            }
        }, cancellationToken);

        CompleteMultipartUploadRequest NewRequest()
        {
            var request = new CompleteMultipartUploadRequest { BucketName = place.Bucket, Key = place.Key, UploadId = id, PartETags = [.. _parts] };
            if (crc is { } all && declaresChecksum)
                (request.ChecksumCRC32C, request.ChecksumType) = (S3Tag.Crc32C(all), ChecksumType.FULL_OBJECT);
            return request;
        }
    }

    private static string TagOf(string? tag) => tag is { Length: > 0 } ? tag : throw new StoreCallException("the store confirmed a part without its ETag");
}
