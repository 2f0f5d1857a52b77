using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Documents: objects that are read as a whole.</summary>
internal static class S3SmallObject
{
    /// <returns>Null if there is no such object.</returns>
    /// <exception cref="InvalidDataException">It is larger than <paramref name="mostBytes"/>.</exception>
    /// <exception cref="StoreCallException">The store failed.</exception>
    public static async Task<byte[]?> ReadAsync(S3Connection connection, string bucket, string key, int mostBytes, CancellationToken cancellationToken)
    {
        try
        {
            return await connection.RepeatAsync((client, token) => DownloadAsync(client, bucket, key, mostBytes, token), cancellationToken);
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NotFound)
        {
            return null;
        }
    }

    private static async Task<byte[]> DownloadAsync(Amazon.S3.IAmazonS3 client, string bucket, string key, int mostBytes, CancellationToken cancellationToken)
    {
        using var answer = await client.GetObjectAsync(new GetObjectRequest { BucketName = bucket, Key = key }, cancellationToken);
        if (answer.ContentLength > mostBytes)
            throw new InvalidDataException($"larger than {mostBytes} bytes");
        var content = new byte[answer.ContentLength];
        await answer.ResponseStream.ReadExactlyAsync(content, cancellationToken);
        return content;
    }
}
