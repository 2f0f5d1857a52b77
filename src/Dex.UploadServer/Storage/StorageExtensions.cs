using Dex.UploadServer.Storage.FileSystem;

namespace Dex.UploadServer.Storage;

/// <summary>The one place where a storage backend is chosen: for uploads, for reading them back, for manifest configs and for health. Every kind of delivery target is always there.</summary>
internal static class StorageExtensions
{
    public static IHostApplicationBuilder AddStorage(this IHostApplicationBuilder builder)
    {
        builder.AddFileSystemUploads();
        builder.AddFileSystemSource();
        builder.AddFileSystemManifestConfigs();

        builder.AddFileSystemTargets();
        return builder;
    }
}
