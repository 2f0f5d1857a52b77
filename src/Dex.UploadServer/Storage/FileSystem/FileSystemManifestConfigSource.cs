using Dex.UploadServer.Manifests;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Manifest configs as files of one folder.</summary>
internal sealed class FileSystemManifestConfigSource(IOptions<ManifestOptions> options) : IManifestConfigSource
{
    private const int MostBytes = 1024 * 1024;

    public async ValueTask<byte[]?> LoadAsync(string name, CancellationToken cancellationToken)
    {
        if (!ManifestConfigName.IsPlain(name))
            return null;

        try
        {
            await using var file = new FileStream(
                Path.Combine(options.Value.Folder, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: true);
            if (file.Length > MostBytes)
                throw new InvalidDataException($"larger than {MostBytes} bytes");
            var content = new byte[file.Length];
            var length = await file.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellationToken);
            return content[..length];
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
