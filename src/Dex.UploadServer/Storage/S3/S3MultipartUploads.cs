using System.Collections.Concurrent;
using Amazon.S3;
using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Begins multipart uploads in the bucket of one target, and sees to it that none stays open (spec: reliability.md T3).</summary>
internal sealed partial class S3MultipartUploads(S3Connection connection, string bucket, TimeProvider clock, ILogger logger)
{
    /// <summary>An abort outlives the delivery that was cut, but not for long.</summary>
    private static readonly TimeSpan s_abortPatience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, bool> _open = new(StringComparer.Ordinal);

    // Keys for which one may have been begun that nobody knows of. The store may carry out a request long after we gave it up, so a look at once is not enough.
    private readonly ConcurrentDictionary<string, bool> _doubted = new(StringComparer.Ordinal);

    /// <param name="hasChecksum">Whether a CRC-32C of the whole will be given at the end, where the store takes one.</param>
    public async Task<S3Multipart> BeginAsync(string key, ObjectMetadata metadata, int parts, bool hasChecksum, CancellationToken cancellationToken)
    {
        var attempts = 0;
        var declaresChecksum = hasChecksum && !connection.SendsMd5;
        try
        {
            var begun = await connection.RepeatAsync((client, token) =>
            {
                attempts++;
                return client.InitiateMultipartUploadAsync(NewRequest(), token);
            }, cancellationToken);
            _open[begun.UploadId] = true;
            return new S3Multipart(new S3Place(connection, bucket, key), begun.UploadId, parts, declaresChecksum);
        }
        finally
        {
            if (attempts > 1)
            {
                await AbortStrayAsync(key);
                _doubted[key] = true;
            }
        }

        InitiateMultipartUploadRequest NewRequest()
        {
            var request = new InitiateMultipartUploadRequest { BucketName = bucket, Key = key };
            metadata.AddTo(request.Metadata);
            if (declaresChecksum)
                (request.ChecksumAlgorithm, request.ChecksumType) = (ChecksumAlgorithm.CRC32C, ChecksumType.FULL_OBJECT);
            return request;
        }
    }

    /// <summary>The upload is complete.</summary>
    public Task EndAsync(S3Multipart upload)
    {
        _open.TryRemove(upload.Id, out _);
        return _doubted.TryRemove(upload.Place.Key, out _) ? AbortStrayAsync(upload.Place.Key) : Task.CompletedTask;
    }

    /// <summary>Ends an upload without a trace. Never fails: what cannot be removed now is found at the next start.</summary>
    public async Task AbortAsync(S3Multipart upload)
    {
        using var patience = new CancellationTokenSource(s_abortPatience, clock);
        await AbortAsync(upload.Place.Key, upload.Id, patience.Token);
        await EndAsync(upload);
    }

    /// <summary>Ends uploads that a killed process has left open.</summary>
    /// <param name="startedAt">Only those from before.</param>
    /// <param name="isOurs">Whether this server delivers, or has delivered, to that key.</param>
    /// <exception cref="StoreCallException">They cannot be listed.</exception>
    public async Task AbortLeftoversAsync(DateTimeOffset startedAt, Func<string, CancellationToken, Task<bool>> isOurs, CancellationToken cancellationToken)
    {
        foreach (var upload in await ListAsync("", cancellationToken))
        {
            if (upload.Initiated < startedAt && await isOurs(upload.Key, cancellationToken) && !_open.ContainsKey(upload.Id))
                await AbortAsync(upload.Key, upload.Id, cancellationToken);
        }
    }

    private async Task AbortStrayAsync(string key)
    {
        using var patience = new CancellationTokenSource(s_abortPatience, clock);
        try
        {
            foreach (var upload in await ListAsync(key, patience.Token))
            {
                if (upload.Key == key && !_open.ContainsKey(upload.Id))
                    await AbortAsync(key, upload.Id, patience.Token);
            }
        }
        catch (Exception failure) when (failure is StoreCallException or OperationCanceledException)
        {
            _doubted[key] = true;
            LogNotAborted(bucket, failure.Message);
        }
    }

    private async Task AbortAsync(string key, string id, CancellationToken cancellationToken)
    {
        try
        {
            await connection.RepeatAsync((client, token) => client.AbortMultipartUploadAsync(bucket, key, id, token), cancellationToken);
        }
        catch (StoreCallException gone) when (gone.Failure is StoreFailure.NoMultipartUpload or StoreFailure.NotFound)
        {
            // Complete, or aborted by somebody else.
        }
        catch (Exception failure) when (failure is StoreCallException or OperationCanceledException)
        {
            LogNotAborted(bucket, failure.Message);
        }
    }

    private async Task<List<OpenUpload>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        List<OpenUpload> found = [];
        string? key = null, id = null;
        do
        {
            var request = new ListMultipartUploadsRequest { BucketName = bucket, Prefix = prefix, KeyMarker = key, UploadIdMarker = id };
            var page = await connection.RepeatAsync((client, token) => client.ListMultipartUploadsAsync(request, token), cancellationToken);
            foreach (var upload in page.MultipartUploads ?? [])
                found.Add(new OpenUpload(upload.Key, upload.UploadId, upload.Initiated is { } at ? new DateTimeOffset(at.ToUniversalTime()) : DateTimeOffset.MaxValue));
            (key, id) = page.IsTruncated == true ? (page.NextKeyMarker, page.NextUploadIdMarker) : (null, null);
        }
        while (key is not null);
        return found;
    }

    [LoggerMessage(LogLevel.Warning, "failed to abort a multipart upload, it is tried again at the next start {bucket}{error}")]
    private partial void LogNotAborted(string bucket, string error);

    private sealed record OpenUpload(string Key, string Id, DateTimeOffset Initiated);
}
