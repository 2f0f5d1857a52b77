using Amazon.S3;
using Amazon.S3.Model;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Sends a source file to a bucket: a small one at once, a larger one in parts, several at the same time (spec: delivery.md 9, reliability.md 5).</summary>
internal sealed class S3ObjectWriter(
    S3Connection connection, string bucket, S3MultipartUploads uploads, S3ObjectCheck check, PartPump pump, PartMemory memory, TransferOptions options)
{
    /// <summary>S3 takes no more.</summary>
    public const int MostParts = 10_000;

    /// <exception cref="DeliverySourceException">The source broke, or is not what was uploaded; nothing is visible.</exception>
    /// <exception cref="StoreCallException">The store failed.</exception>
    public Task WriteAsync(SourceFile source, string key, ObjectMetadata metadata, Action<int> moved, CancellationToken cancellationToken) =>
        source.Length <= options.PartBytes
            ? PutAsync(source, key, metadata, moved, cancellationToken)
            : UploadAsync(source, key, metadata, moved, cancellationToken);

    private async Task PutAsync(SourceFile source, string key, ObjectMetadata metadata, Action<int> moved, CancellationToken cancellationToken)
    {
        using var file = await WholeFile.ReadAsync(source, memory, moved, cancellationToken);
        var md5 = connection.SendsMd5 ? ContentMd5.Of(file.Span) : null;
        var answer = await connection.RepeatAsync((client, token) => client.PutObjectAsync(NewRequest(), token), cancellationToken);

        // What the service says of the bytes it has is worth more than another look.
        var tag = md5 is null ? null : S3Tag.Of(md5);
        if (S3Tag.Bare(answer.ETag ?? "") != tag && answer.ChecksumCRC32C != S3Tag.Crc32C(file.Crc32C))
            await check.RequireAsync(new S3Place(connection, bucket, key), new ExpectedObject(file.Length, tag, file.Crc32C), moved, cancellationToken);

        PutObjectRequest NewRequest()
        {
            var request = new PutObjectRequest
            {
                BucketName = bucket,
                Key = key,
                InputStream = new PartContent(file.Bytes, file.Length, moved),
                UseChunkEncoding = false,
                DisablePayloadSigning = connection.MayLeavePayloadUnsigned ? true : null,
            };
            metadata.AddTo(request.Metadata);
            if (md5 is not null)
                request.MD5Digest = Convert.ToBase64String(md5);
            else
                (request.ChecksumAlgorithm, request.ChecksumCRC32C) = (ChecksumAlgorithm.CRC32C, S3Tag.Crc32C(file.Crc32C));
            return request;
        }
    }

    private async Task UploadAsync(SourceFile source, string key, ObjectMetadata metadata, Action<int> moved, CancellationToken cancellationToken)
    {
        var plan = PartPlan.For(source.Length, options.PartBytes, MostParts);
        var upload = await uploads.BeginAsync(key, metadata, plan.Count, hasChecksum: true, cancellationToken);
        try
        {
            var crc = await pump.RunAsync(source, plan, moved, (part, token) => upload.PutAsync(part, moved, token), cancellationToken);
            source.RequireUnchanged(crc);
            await check.CompleteAsync(upload, new ExpectedObject(source.Length, upload.ExpectedTag, crc), moved, cancellationToken);
            await uploads.EndAsync(upload);
        }
        catch
        {
            await uploads.AbortAsync(upload);
            throw;
        }
    }
}
