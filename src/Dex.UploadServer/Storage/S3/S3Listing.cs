using System.Runtime.CompilerServices;
using Amazon.S3.Model;

namespace Dex.UploadServer.Storage.S3;

/// <summary>An object as a listing shows it.</summary>
internal readonly record struct S3Listed(string Key, long Bytes, DateTimeOffset StoredAt);

/// <summary>All objects of one upload.</summary>
internal sealed record S3Objects(string UploadId, S3Listed? Data, S3Listed? Record, S3Listed? Tail);

/// <summary>Goes through the objects of all uploads, page by page.</summary>
internal sealed class S3Listing(S3Connection connection, S3Keys keys)
{
    /// <summary>Each upload once: its keys follow each other in the order in which S3 lists them.</summary>
    public IAsyncEnumerable<S3Objects> ListAsync(CancellationToken cancellationToken) => ListBelowAsync(keys.Folder, cancellationToken);

    /// <summary>That of one upload, if it has any object.</summary>
    public IAsyncEnumerable<S3Objects> ListAsync(string uploadId, CancellationToken cancellationToken) => ListBelowAsync(keys.Data(uploadId), cancellationToken);

    private async IAsyncEnumerable<S3Objects> ListBelowAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        S3Objects? current = null;
        string? next = null;
        do
        {
            var from = next;
            var page = await connection.RepeatAsync((client, token) => client.ListObjectsV2Async(
                new ListObjectsV2Request { BucketName = keys.Bucket, Prefix = prefix, ContinuationToken = from }, token), cancellationToken);
            foreach (var item in page.S3Objects ?? [])
            {
                if (keys.Parse(item.Key) is not { } parsed)
                    continue;
                if (current is not null && current.UploadId != parsed.UploadId)
                {
                    yield return current;
                    current = null;
                }

                var listed = new S3Listed(item.Key, item.Size ?? 0, S3Time.Of(item.LastModified));
                current ??= new S3Objects(parsed.UploadId, null, null, null);
                current = parsed.Role switch
                {
                    S3ObjectRole.Data => current with { Data = listed },
                    S3ObjectRole.Record => current with { Record = listed },
                    _ => current with { Tail = listed },
                };
            }

            next = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (next is not null);
        if (current is not null)
            yield return current;
    }
}
