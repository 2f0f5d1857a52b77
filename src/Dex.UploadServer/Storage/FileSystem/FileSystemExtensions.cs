using Dex.Tus.Stores;
using Dex.UploadServer.Health;

namespace Dex.UploadServer.Storage.FileSystem;

internal static class FileSystemExtensions
{
    /// <summary>Keeps uploads in a folder.</summary>
    public static IHostApplicationBuilder AddFileSystemUploads(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton(_ => BootIdentity.Read());
        builder.Services.AddSingleton<UploadFolder>();
        builder.Services.AddSingleton<FileSystemUploadStore>();
        builder.Services.AddSingleton<IUploadStore>(services => services.GetRequiredService<FileSystemUploadStore>());
        builder.Services.AddSingleton<IUploadInventory>(services => services.GetRequiredService<FileSystemUploadStore>());
        builder.Services.AddSingleton<IHealthProbe, UploadFolderProbe>();
        builder.Services.AddHostedService<FileSystemStartup>();
        return builder;
    }
}
