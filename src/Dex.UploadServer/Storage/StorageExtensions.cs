using Dex.UploadServer.Storage.FileSystem;

namespace Dex.UploadServer.Storage;

/// <summary>The one place where a storage backend is chosen.</summary>
internal static class StorageExtensions
{
    public static IHostApplicationBuilder AddStorage(this IHostApplicationBuilder builder) =>
        builder.AddFileSystemUploads().AddFileSystemSource().AddFileSystemTargets();
}
