using System.Collections.Immutable;
using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Finished uploads in a bucket, as deliveries read them.</summary>
/// <param name="prefix">Of the uploads' keys.</param>
internal sealed class S3Source(S3Connection connection, string bucket, string prefix, PartMemory memory, IOptions<TransferOptions> options)
    : ObjectSource(prefix, "unable to retrieve object", memory, options)
{
    private const string MetadataPrefix = "x-amz-meta-";

    public override string NotFoundMessage => "unable to retrieve object: no such object";

    protected override async Task<FoundObject?> LookAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            var head = await connection.RepeatAsync(
                (client, token) => client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = bucket, Key = key }, token), cancellationToken);
            var place = new S3Place(connection, bucket, key);
            return new FoundObject(place.Stored(head.ETag), head.ContentLength, new S3ObjectReader(place, head.ETag), new S3ReadLink(place, head.ETag), MetadataOf(head));
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NotFound)
        {
            return null;
        }
    }

    protected override Task<byte[]?> ReadDocumentAsync(string key, int mostBytes, CancellationToken cancellationToken) =>
        S3SmallObject.ReadAsync(connection, bucket, key, mostBytes, cancellationToken);

    private static ImmutableSortedDictionary<string, string> MetadataOf(GetObjectMetadataResponse head) => head.Metadata.Keys.ToImmutableSortedDictionary(
        key => key.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase) ? key[MetadataPrefix.Length..] : key, key => head.Metadata[key], StringComparer.Ordinal);
}
