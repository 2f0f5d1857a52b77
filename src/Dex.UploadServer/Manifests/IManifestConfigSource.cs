namespace Dex.UploadServer.Manifests;

/// <summary>Where manifest configs are kept: a folder, a bucket or a container (spec: manifests.md 3).</summary>
internal interface IManifestConfigSource
{
    /// <summary>The bytes of a config, or null if there is none of that name.</summary>
    /// <param name="name">A plain file name, see <see cref="ManifestConfigName.IsPlain"/>.</param>
    /// <exception cref="Exception">Anything but "not found": access denied, too large, storage away.</exception>
    ValueTask<byte[]?> LoadAsync(string name, CancellationToken cancellationToken);
}
