using Dex.Tus.Stores;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Health;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Manifests;
using Dex.UploadServer.Retention;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.FileSystem;

internal static class FileSystemExtensions
{
    /// <summary>Keeps uploads in a folder.</summary>
    public static IHostApplicationBuilder AddFileSystemUploads(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton(_ => BootIdentity.Read());
        builder.Services.AddSingleton<UploadFolder>();
        builder.Services.AddSingleton<FreeSpace>();
        builder.Services.AddSingleton<FileSystemUploadStore>();
        builder.Services.AddSingleton<IUploadStore>(services => services.GetRequiredService<FileSystemUploadStore>());
        builder.Services.AddSingleton<IUploadInventory>(services => services.GetRequiredService<FileSystemUploadStore>());
        builder.Services.AddSingleton<ILeftoverStore, UploadLeftovers>();
        builder.Services.AddSingleton<UploadFolderClaim>();
        builder.Services.AddSingleton<IStoreGuard>(services => services.GetRequiredService<UploadFolderClaim>());
        builder.Services.AddHostedService(services => services.GetRequiredService<UploadFolderClaim>());
        builder.Services.AddSingleton<IHealthProbe, UploadFolderProbe>();
        builder.Services.AddHostedService<FileSystemStartup>();
        return builder;
    }

    /// <summary>Reads finished uploads from that folder for deliveries.</summary>
    public static IHostApplicationBuilder AddFileSystemSource(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IDeliverySource>(services =>
        {
            var folder = services.GetRequiredService<IOptions<UploadFolderOptions>>().Value;
            return new FileSystemSource(folder.BaseFolder, folder.Prefix);
        });
        builder.Services.AddSingleton<IHealthProbe>(services =>
            new FileSourceProbe(services.GetRequiredService<IOptions<UploadFolderOptions>>().Value.BaseFolder));
        return builder;
    }

    /// <summary>Manifest configs from a folder.</summary>
    public static IHostApplicationBuilder AddFileSystemManifestConfigs(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IManifestConfigSource, FileSystemManifestConfigSource>();
        return builder;
    }

    /// <summary>Delivery targets of type <c>file</c>.</summary>
    public static IHostApplicationBuilder AddFileSystemTargets(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IDestinationFactory>(services =>
            new FileSystemDestinationFactory(services.GetRequiredService<IOptions<DurabilityOptions>>().Value.Durability));
        builder.Services.AddSingleton<IHealthProbeSource, FileTargetProbes>();
        return builder;
    }
}
