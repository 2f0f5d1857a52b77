using Amazon.S3.Model;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Presigned addresses of an object in a bucket.</summary>
/// <param name="tag">ETag of the version.</param>
internal sealed class S3ReadLink(S3Place place, string tag) : IReadLink
{
    public string Provider => "S3";

    public async ValueTask<Uri?> MakeAsync(TimeSpan life, CancellationToken cancellationToken)
    {
        try
        {
            return await place.Connection.PresignAsync(place.Bucket, place.Key, life, cancellationToken);
        }
        catch (StoreCallException)
        {
            return null; // nothing to sign with; reading will tell
        }
    }

    public async ValueTask<bool> IsUnchangedAsync(CancellationToken cancellationToken)
    {
        try
        {
            var head = await place.Connection.RepeatAsync(
                (client, token) => client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = place.Bucket, Key = place.Key }, token), cancellationToken);
            return head.ETag == tag;
        }
        catch (StoreCallException failure)
        {
            throw failure.ForSource($"unable to retrieve object: {failure.Message}");
        }
    }
}
