using Amazon.S3;
using Amazon.S3.Model;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Has the store copy what it holds already, where source and target are in the same one and the target's key may read the source (spec: delivery.md 9).</summary>
internal sealed partial class S3ServerSideCopy(
    S3Connection connection, string bucket, S3MultipartUploads uploads, S3ObjectCheck check, TransferOptions options, TimeProvider clock, ILogger logger)
{
    /// <summary>Up to here one call does it, within the time that a call may be silent.</summary>
    private const long MostAtOnce = 256 << 20;

    /// <summary>Of one call; long enough to be few, short enough to be done soon.</summary>
    private const long PartBytes = 64 << 20;

    /// <summary>After a refusal the store is not asked again for so long.</summary>
    private static readonly TimeSpan s_memory = TimeSpan.FromMinutes(10);

    private long? _refusedAt;

    /// <returns>False if the store does not do that; then nothing has happened.</returns>
    /// <exception cref="DeliverySourceException">The source is not what it was when the delivery began.</exception>
    /// <exception cref="StoreCallException">The store failed.</exception>
    public async Task<bool> TryAsync(SourceFile source, string key, S3Metadata metadata, Action<int> moved, CancellationToken cancellationToken)
    {
        if (!options.ServerSideCopy || source.StoredObject is not { } original || original.Store != connection.Account.Store || WasRefused())
            return false;
        try
        {
            await (source.Length <= MostAtOnce
                ? CopyAtOnceAsync(source, original, key, metadata, moved, cancellationToken)
                : CopyInPartsAsync(source, original, key, metadata, moved, cancellationToken));
            return true;
        }
        catch (StoreCallException changed) when (changed.Failure == StoreFailure.ConditionFailed)
        {
            throw changed.ForSource("source object has changed since the delivery began");
        }
        catch (StoreCallException refused) when (refused.Failure is StoreFailure.Refused or StoreFailure.Denied or StoreFailure.NotFound or StoreFailure.NoBucket)
        {
            _refusedAt = clock.GetTimestamp();
            LogRefused(bucket, refused.Message);
            return false;
        }
    }

    private async Task CopyAtOnceAsync(
        SourceFile source, StoredObject original, string key, S3Metadata metadata, Action<int> moved, CancellationToken cancellationToken)
    {
        var answer = await connection.RepeatAsync((client, token) => client.CopyObjectAsync(NewRequest(), token), cancellationToken);
        moved(0);
        await check.RequireAsync(
            new S3Place(connection, bucket, key), new ExpectedObject(source.Length, S3Tag.Bare(answer.ETag ?? ""), source.Crc32C), moved, cancellationToken);

        CopyObjectRequest NewRequest()
        {
            var request = new CopyObjectRequest
            {
                SourceBucket = original.Container,
                SourceKey = original.Key,
                ETagToMatch = original.Version,
                DestinationBucket = bucket,
                DestinationKey = key,
                MetadataDirective = S3MetadataDirective.REPLACE,
            };
            metadata.AddTo(request.Metadata);
            return request;
        }
    }

    private async Task CopyInPartsAsync(
        SourceFile source, StoredObject original, string key, S3Metadata metadata, Action<int> moved, CancellationToken cancellationToken)
    {
        var plan = PartPlan.For(source.Length, PartBytes, S3ObjectWriter.MostParts);
        var upload = await uploads.BeginAsync(key, metadata, plan.Count, hasChecksum: false, cancellationToken);
        try
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.ParallelParts, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(Enumerable.Range(0, plan.Count), parallel, async (index, token) =>
            {
                await upload.CopyAsync(index, original, plan.OffsetOf(index), plan.LengthOf(index), token);
                moved(0);
            });
            await check.CompleteAsync(upload, new ExpectedObject(source.Length, upload.ExpectedTag, source.Crc32C), moved, cancellationToken);
            uploads.Forget(upload);
        }
        catch
        {
            await uploads.AbortAsync(upload);
            throw;
        }
    }

    private bool WasRefused() => _refusedAt is { } at && clock.GetElapsedTime(at) < s_memory;

    [LoggerMessage(LogLevel.Information, "the store does not copy by itself, files are carried through this server {bucket}{error}")]
    private partial void LogRefused(string bucket, string error);
}
