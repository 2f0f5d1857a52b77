using Amazon.S3.Model;
using Dex.UploadServer.Manifests;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Manifest configs as objects of one bucket (spec: manifests.md 3).</summary>
/// <param name="folder">Key prefix without slash at its end; empty for none.</param>
internal sealed class S3ManifestConfigSource(S3Connection connection, string bucket, string folder) : IManifestConfigSource
{
    private const int MostBytes = 1024 * 1024;

    public async ValueTask<byte[]?> LoadAsync(string name, CancellationToken cancellationToken)
    {
        if (!ManifestConfigName.IsPlain(name))
            return null;

        var key = folder.Length == 0 ? name : $"{folder}/{name}";
        try
        {
            return await connection.RepeatAsync((client, token) => DownloadAsync(client, key, token), cancellationToken);
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NotFound)
        {
            return null;
        }
    }

    private async Task<byte[]> DownloadAsync(Amazon.S3.IAmazonS3 client, string key, CancellationToken cancellationToken)
    {
        using var answer = await client.GetObjectAsync(new GetObjectRequest { BucketName = bucket, Key = key }, cancellationToken);
        if (answer.ContentLength > MostBytes)
            throw new InvalidDataException($"larger than {MostBytes} bytes");
        var content = new byte[answer.ContentLength];
        await answer.ResponseStream.ReadExactlyAsync(content, cancellationToken);
        return content;
    }
}
