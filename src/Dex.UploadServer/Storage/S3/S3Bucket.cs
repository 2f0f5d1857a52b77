using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Whether a bucket can be reached.</summary>
internal static class S3Bucket
{
    /// <summary>Null when all is well, else what is wrong, for people. Creates nothing.</summary>
    public static async ValueTask<string?> FindProblemAsync(S3Connection connection, string bucket, CancellationToken cancellationToken)
    {
        try
        {
            await connection.OnceAsync((client, token) => client.HeadBucketAsync(new HeadBucketRequest { BucketName = bucket }, token), cancellationToken);
            return null;
        }
        catch (StoreCallException error)
        {
            // A HEAD has no body to tell what is missing, but there is only one thing.
            return $"bucket {bucket}: {(error.Failure == StoreFailure.NotFound ? "no such bucket" : error.Message)}";
        }
    }
}
