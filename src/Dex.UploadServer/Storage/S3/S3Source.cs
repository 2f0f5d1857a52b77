using System.Collections.Immutable;
using Amazon.S3.Model;
using Dex.Tus.Stores;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Finished uploads in a bucket, as deliveries read them (spec: delivery.md 4, storage-layout.md 3 and 5).</summary>
/// <param name="prefix">Of the uploads' keys.</param>
internal sealed class S3Source(S3Connection connection, string bucket, string prefix, PartMemory memory, IOptions<TransferOptions> options) : IDeliverySource
{
    private const string MetadataPrefix = "x-amz-meta-";

    public string NotFoundMessage => "unable to retrieve object: no such object";

    public async ValueTask<SourceFile?> FindAsync(string uploadId, FinishedUpload? finished, CancellationToken cancellationToken)
    {
        // Also keeps side objects from passing as uploads.
        if (!Guid.TryParseExact(uploadId, "D", out _))
            return null;

        var key = $"{prefix}/{uploadId}";
        try
        {
            if (await HeadAsync(key, cancellationToken) is not { } head)
                return null;
            if (finished is not null)
                return NewFile(finished.Metadata, null);
            return await ReadRecordAsync(key, cancellationToken) switch
            {
                null => NewFile(MetadataOf(head), null),
                var record when record.Length == head.ContentLength && record.Kind != UploadKind.Partial && record.Digests is not { IsPending: true } =>
                    NewFile(record.Metadata.ToSortedText(), record.Digests?.Complaint),
                _ => null,
            };

            S3SourceFile NewFile(ImmutableSortedDictionary<string, string> metadata, string? rejection) =>
                new(new S3Place(connection, bucket, key), head.ETag, memory, options.Value)
                {
                    UploadId = uploadId,
                    Length = head.ContentLength,
                    Metadata = LowerKeys(metadata),
                    Rejection = rejection,
                };
        }
        catch (StoreCallException failure)
        {
            throw failure.ForSource($"unable to retrieve object: {failure.Message}");
        }
    }

    // The object appears when its upload is complete, and not before.
    private async Task<GetObjectMetadataResponse?> HeadAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await connection.RepeatAsync(
                (client, token) => client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = bucket, Key = key }, token), cancellationToken);
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NotFound)
        {
            return null;
        }
    }

    /// <summary>The record of the upload; null if there is none that can be read.</summary>
    private async Task<UploadRecord?> ReadRecordAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await S3SmallObject.ReadAsync(connection, bucket, key + ".info", UploadRecordJson.MaxBytes, cancellationToken) is { } json
                ? UploadRecordJson.Read(json)
                : null;
        }
        catch (InvalidDataException)
        {
            return null; // the object tells something, too
        }
    }

    private static ImmutableSortedDictionary<string, string> MetadataOf(GetObjectMetadataResponse head) => head.Metadata.Keys.ToImmutableSortedDictionary(
        key => key.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase) ? key[MetadataPrefix.Length..] : key, key => head.Metadata[key], StringComparer.Ordinal);

    /// <summary>As they come back from a bucket; of two that differ in nothing else, the one that is no lower-case name stays as it is.</summary>
    private static ImmutableSortedDictionary<string, string> LowerKeys(ImmutableSortedDictionary<string, string> metadata)
    {
        var lower = metadata.ToBuilder();
        foreach (var (key, value) in metadata)
        {
            var name = key.ToLowerInvariant();
            if (name == key || !lower.TryAdd(name, value))
                continue;
            lower.Remove(key);
        }

        return lower.ToImmutable();
    }
}
