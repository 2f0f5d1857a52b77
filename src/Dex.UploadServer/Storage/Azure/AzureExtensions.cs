using Dex.Tus;
using Dex.Tus.Stores;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Retention;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Azure;

internal static class AzureExtensions
{
    /// <summary>Fewer bytes are kept in a tail, if blocks are so scarce that there is one to be saved.</summary>
    private const long LeastBlock = 64L << 10;

    /// <summary>Unfinished uploads end so much earlier than their blocks.</summary>
    private static readonly TimeSpan s_margin = TimeSpan.FromHours(1);

    /// <summary>The ways to Azure, for whoever takes one; nothing is opened before the first call.</summary>
    public static IHostApplicationBuilder AddAzure(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<AzureOptions, AzureOptionsValidator>(AzureOptions.Read);
        builder.Services.AddSingleton<AzureConnections>();
        return builder;
    }

    /// <summary>Keeps uploads in a container.</summary>
    public static IHostApplicationBuilder AddAzureUploads(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton(services => new UploadKeys(
            Options(services).Container ?? "", services.GetRequiredService<IOptions<UploadFolderOptions>>().Value.Prefix));
        builder.Services.AddSingleton(PartSizesOf);
        builder.Services.AddSingleton(services => new PartWriting(
            services.GetRequiredService<PartPool>(), services.GetRequiredService<PartSizes>(),
            services.GetRequiredService<IOptions<PartOptions>>().Value.PerUpload, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(services => new AzureUploadStore(Uploads(services), services.GetRequiredService<UploadKeys>(), services.GetRequiredService<PartWriting>()));
        builder.Services.AddSingleton<IUploadStore>(services => services.GetRequiredService<AzureUploadStore>());
        builder.Services.AddSingleton<IUploadInventory>(services => services.GetRequiredService<AzureUploadStore>());
        builder.Services.AddSingleton<ILeftoverStore>(services => new AzureLeftovers(Uploads(services), services.GetRequiredService<UploadKeys>()));
        builder.Services.AddSingleton<IStoreGuard, SharedStoreGuard>();
        builder.Services.AddOptions<TusOptions>().PostConfigure<PartSizes>((tus, sizes) =>
        {
            tus.MaxSize = Math.Min(tus.MaxSize ?? long.MaxValue, sizes.LongestObject);
            tus.MaxDeferredSize = Math.Min(tus.MaxSize.Value, sizes.LongestDeferred);
            var life = AzureUploadBlocks.BlockLife - s_margin;
            tus.Expiration = tus.Expiration is { } shorter && shorter < life ? shorter : life;
        });
        builder.Services.AddHostedService<AzureStartup>();
        return builder;
    }

    private static PartSizes PartSizesOf(IServiceProvider services)
    {
        var most = Math.Min(services.GetRequiredService<PartPool>().Largest, AzureUploadBlocks.LargestBlock);
        return new PartSizes(LeastBlock, services.GetRequiredService<IOptions<PartOptions>>().Value.Size, most, AzureUploadBlocks.MostBlocks);
    }

    // Options that were refused read as their defaults; then the server does not start.
    private static AzureContainer Uploads(IServiceProvider services) =>
        services.GetRequiredService<AzureConnections>().Store.Container(Options(services).Container ?? "");

    private static AzureOptions Options(IServiceProvider services) => services.GetRequiredService<IOptions<AzureOptions>>().Value;
}
