using Dex.UploadServer.Manifests;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Manifest configs as blobs at the root of one container (spec: manifests.md 3).</summary>
internal sealed class AzureManifestConfigSource(AzureContainer container) : IManifestConfigSource
{
    private const int MostBytes = 1024 * 1024;

    public async ValueTask<byte[]?> LoadAsync(string name, CancellationToken cancellationToken)
    {
        if (!ManifestConfigName.IsPlain(name))
            return null;
        try
        {
            return await AzureSmallBlob.ReadAsync(container, name, MostBytes, cancellationToken);
        }
        catch (StoreCallException missing) when (missing.Failure == StoreFailure.NoBucket)
        {
            return null; // as with the predecessor: without its container there is no config
        }
    }
}
