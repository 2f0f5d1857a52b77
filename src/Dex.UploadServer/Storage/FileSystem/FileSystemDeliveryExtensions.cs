using Dex.UploadServer.Delivery;
using Dex.UploadServer.Health;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.FileSystem;

internal static class FileSystemDeliveryExtensions
{
    /// <summary>Delivers from the folder of uploads: for when that is where they are kept.</summary>
    public static IHostApplicationBuilder AddFileSystemSource(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IDeliverySource>(services =>
            new FileSystemSource(services.UploadFolder().BaseFolder, services.UploadFolder().Prefix));
        builder.Services.AddSingleton<IHealthProbe>(services => new FileSourceProbe(services.UploadFolder().BaseFolder));
        return builder;
    }

    /// <summary>Delivers to targets that are folders, wherever uploads are kept.</summary>
    public static IHostApplicationBuilder AddFileSystemTargets(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IDestinationFactory>(services =>
            new FileSystemDestinationFactory(services.GetRequiredService<IOptions<DurabilityOptions>>().Value.Durability));
        builder.Services.AddSingleton<IHealthProbeSource, FileTargetProbes>();
        return builder;
    }

    private static UploadFolderOptions UploadFolder(this IServiceProvider services) => services.GetRequiredService<IOptions<UploadFolderOptions>>().Value;
}
