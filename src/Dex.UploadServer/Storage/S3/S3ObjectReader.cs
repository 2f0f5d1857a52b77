using Amazon.S3.Model;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Reads ranges of one object, and goes on where an answer broke off; never bytes of another version of it (spec: reliability.md U4).</summary>
/// <param name="tag">ETag of the version.</param>
internal sealed class S3ObjectReader(S3Place place, string tag) : IRangeReader
{
    public async ValueTask ReadAsync(long offset, Memory<byte> range, Action<int> arrived, CancellationToken cancellationToken)
    {
        var filled = 0;
        while (filled < range.Length)
        {
            var before = filled;
            try
            {
                await place.Connection.RepeatAsync(GetMoreAsync, cancellationToken);
            }
            catch (StoreCallException failure) when (failure.MayPass && filled > before)
            {
                // It has come further since: that is no reason to give up.
            }
            catch (StoreCallException failure)
            {
                throw failure.ForSource(failure.Failure == StoreFailure.ConditionFailed ? "source object has changed since the delivery began" : $"unable to retrieve object: {failure.Message}");
            }
        }

        async Task<bool> GetMoreAsync(Amazon.S3.IAmazonS3 client, CancellationToken token)
        {
            if (filled == range.Length)
                return true; // all had come before the answer broke off
            var request = new GetObjectRequest
            {
                BucketName = place.Bucket,
                Key = place.Key,
                EtagToMatch = tag,
                ByteRange = new ByteRange(offset + filled, offset + range.Length - 1),
            };
            using var answer = await client.GetObjectAsync(request, token);
            if (answer.ContentLength != range.Length - filled || S3Tag.Bare(answer.ETag ?? "") != S3Tag.Bare(tag))
                throw new StoreCallException("the store answered with other bytes than were asked for");
            while (filled < range.Length)
            {
                var length = await answer.ResponseStream.ReadAsync(range[filled..], token);
                if (length == 0)
                    throw new StoreCallException("the store broke its answer off");
                filled += length;
                arrived(length);
            }

            return true;
        }
    }
}
