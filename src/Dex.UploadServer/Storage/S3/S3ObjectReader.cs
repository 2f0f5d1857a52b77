using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Reads ranges of one object in a bucket.</summary>
/// <param name="tag">ETag of the version.</param>
internal sealed class S3ObjectReader(S3Place place, string tag) : ObjectRangeReader("unable to retrieve object")
{
    protected override Task FetchRepeatedlyAsync(WantedRange wanted, CancellationToken cancellationToken) =>
        place.Connection.RepeatAsync((client, token) => FetchAsync(client, wanted, token), cancellationToken);

    private async Task<bool> FetchAsync(Amazon.S3.IAmazonS3 client, WantedRange wanted, CancellationToken cancellationToken)
    {
        if (wanted.IsWhole)
            return true; // all had come before the answer broke off
        var request = new GetObjectRequest
        {
            BucketName = place.Bucket,
            Key = place.Key,
            EtagToMatch = tag,
            ByteRange = new ByteRange(wanted.Offset, wanted.Offset + wanted.Missing - 1),
        };
        using var answer = await client.GetObjectAsync(request, cancellationToken);
        if (answer.ContentLength != wanted.Missing || S3Tag.Bare(answer.ETag ?? "") != S3Tag.Bare(tag))
            throw new StoreCallException("the store answered with other bytes than were asked for");
        await wanted.FillAsync(answer.ResponseStream, cancellationToken);
        return true;
    }
}
