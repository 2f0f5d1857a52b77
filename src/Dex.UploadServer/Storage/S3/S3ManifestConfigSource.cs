using Dex.UploadServer.Manifests;

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
        return await S3SmallObject.ReadAsync(connection, bucket, key, MostBytes, cancellationToken);
    }
}
