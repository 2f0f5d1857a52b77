using System.Text.RegularExpressions;
using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Whether a bucket can be one, and can be reached.</summary>
internal static partial class S3Bucket
{
    /// <summary>Whether a bucket can have that name: at AWS, or at servers that take a little more.</summary>
    public static bool IsName(string name) => Name().IsMatch(name);

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

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]\z")]
    private static partial Regex Name();
}
