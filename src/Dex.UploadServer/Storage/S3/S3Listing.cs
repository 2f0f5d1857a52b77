using System.Runtime.CompilerServices;
using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Goes through the objects of all uploads, page by page.</summary>
internal sealed class S3Listing(S3Connection connection, UploadKeys keys)
{
    public IAsyncEnumerable<UploadObjects> ListAsync(CancellationToken cancellationToken) =>
        UploadObjects.GatherAsync(ListBelowAsync(keys.Folder, cancellationToken), keys, cancellationToken);

    /// <summary>That of one upload, if it has any object.</summary>
    public IAsyncEnumerable<UploadObjects> ListAsync(string uploadId, CancellationToken cancellationToken) =>
        UploadObjects.GatherAsync(ListBelowAsync(keys.Data(uploadId), cancellationToken), keys, cancellationToken);

    private async IAsyncEnumerable<ListedObject> ListBelowAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            var from = next;
            var page = await connection.RepeatAsync((client, token) => client.ListObjectsV2Async(
                new ListObjectsV2Request { BucketName = keys.Bucket, Prefix = prefix, ContinuationToken = from }, token), cancellationToken);
            foreach (var item in page.S3Objects ?? [])
                yield return new ListedObject(item.Key, item.Size ?? 0, S3Time.Of(item.LastModified));
            next = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (next is not null);
    }
}
