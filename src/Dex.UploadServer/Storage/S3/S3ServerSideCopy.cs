using Amazon.S3;
using Amazon.S3.Model;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Has the store copy what it holds already, where source and target are in the same one and the target's key may read the source (spec: delivery.md 9).</summary>
internal sealed partial class S3ServerSideCopy(
    S3Connection connection, string bucket, S3MultipartUploads uploads, S3ObjectCheck check, TransferOptions options, TimeProvider clock, ILogger logger)
{
    private const string SourceChanged = "source object has changed since the delivery began";

    /// <summary>AWS copies bytes, and parts of them faster; others only note who else uses them, which takes no time.</summary>
    private const long MostAtOnceAtAws = 256 << 20;

    private readonly RefusedCopies _refused = new(clock);
    private long _mostAtOnce = connection.Account.Endpoint is null ? Math.Min(options.CopyAtOnceBytes, MostAtOnceAtAws) : options.CopyAtOnceBytes;

    /// <returns>False if the store does not do that; then nothing has happened.</returns>
    /// <exception cref="DeliverySourceException">The source is not what it was when the delivery began.</exception>
    /// <exception cref="StoreCallException">The store failed.</exception>
    public async Task<bool> TryAsync(SourceFile source, string key, ObjectMetadata metadata, Action<int> moved, CancellationToken cancellationToken)
    {
        if (!options.ServerSideCopy || source.StoredObject is not { } original || original.Store != connection.Account.Store || _refused.AreRecent)
            return false;
        try
        {
            if (source.Length > Volatile.Read(ref _mostAtOnce) || !await TryAtOnceAsync(source, original, key, metadata, moved, cancellationToken))
                await CopyInPartsAsync(source, original, key, metadata, moved, cancellationToken);
            return true;
        }
        catch (StoreCallException changed) when (changed.Failure == StoreFailure.ConditionFailed)
        {
            throw Changed(changed);
        }
        catch (StoreCallException refused) when (refused.Failure is StoreFailure.Refused or StoreFailure.Denied or StoreFailure.NotFound or StoreFailure.NoBucket)
        {
            _refused.Note();
            LogRefused(bucket, refused.Message);
            return false;
        }
    }

    /// <returns>False if the store takes too long for one call; then it is spared such calls from now on.</returns>
    private async Task<bool> TryAtOnceAsync(
        SourceFile source, StoredObject original, string key, ObjectMetadata metadata, Action<int> moved, CancellationToken cancellationToken)
    {
        if (source.Length <= options.CopyPartBytes)
        {
            await CopyAtOnceAsync(source, original, key, metadata, moved, cancellationToken, cancellationToken);
            return true;
        }

        using var patience = new CancellationTokenSource(options.CopyAtOncePatience, clock);
        using var copying = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await CopyAtOnceAsync(source, original, key, metadata, moved, copying.Token, cancellationToken);
            return true;
        }
        catch (Exception slow) when (!cancellationToken.IsCancellationRequested && slow is OperationCanceledException or StoreCallException { MayPass: true })
        {
            Volatile.Write(ref _mostAtOnce, options.CopyPartBytes);
            return false;
        }
    }

    private async Task CopyAtOnceAsync(
        SourceFile source, StoredObject original, string key, ObjectMetadata metadata, Action<int> moved, CancellationToken copying, CancellationToken cancellationToken)
    {
        var answer = await connection.RepeatAsync((client, token) => client.CopyObjectAsync(NewRequest(), token), copying);
        moved(0);
        if (answer.ETag != original.Version && !await IsUnchangedAsync(original, cancellationToken))
        {
            // Not this upload's bytes, and they are visible.
            await connection.RepeatAsync((client, token) => client.DeleteObjectAsync(bucket, key, token), cancellationToken);
            throw Changed();
        }

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
        SourceFile source, StoredObject original, string key, ObjectMetadata metadata, Action<int> moved, CancellationToken cancellationToken)
    {
        var plan = PartPlan.For(source.Length, options.CopyPartBytes, S3ObjectWriter.MostParts);
        var upload = await uploads.BeginAsync(key, metadata, plan.Count, hasChecksum: false, cancellationToken);
        try
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.ParallelParts, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(Enumerable.Range(0, plan.Count), parallel, async (index, token) =>
            {
                await upload.CopyAsync(index, original, plan.OffsetOf(index), plan.LengthOf(index), token);
                moved(0);
            });
            if (!await IsUnchangedAsync(original, cancellationToken))
                throw Changed();
            await check.CompleteAsync(upload, new ExpectedObject(source.Length, upload.ExpectedTag, source.Crc32C), moved, cancellationToken);
            await uploads.EndAsync(upload);
        }
        catch
        {
            await uploads.AbortAsync(upload);
            throw;
        }
    }

    // Some stores copy whatever the condition says.
    private async Task<bool> IsUnchangedAsync(StoredObject original, CancellationToken cancellationToken)
    {
        var request = new GetObjectMetadataRequest { BucketName = original.Container, Key = original.Key };
        return (await connection.RepeatAsync((client, token) => client.GetObjectMetadataAsync(request, token), cancellationToken)).ETag == original.Version;
    }

    private static DeliverySourceException Changed(StoreCallException? cause = null) => cause is null ? new(SourceChanged) : cause.ForSource(SourceChanged);

    [LoggerMessage(LogLevel.Information, "the store does not copy by itself, files are carried through this server {bucket}{error}")]
    private partial void LogRefused(string bucket, string error);
}
