using Dex.Tus;
using Dex.Tus.Stores;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Health;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Manifests;
using Dex.UploadServer.Retention;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.S3;

internal static class S3Extensions
{
    /// <summary>The ways to S3, for whoever takes one; nothing is opened before the first call.</summary>
    public static IHostApplicationBuilder AddS3(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<S3Options, S3OptionsValidator>(S3Options.Read);
        builder.Services.AddSingleton<S3Connections>();
        return builder;
    }

    /// <summary>Keeps uploads in a bucket.</summary>
    public static IHostApplicationBuilder AddS3Uploads(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton(services => new UploadKeys(UploadBucket(services), services.GetRequiredService<IOptions<UploadFolderOptions>>().Value.Prefix));
        builder.Services.AddSingleton(PartSizesOf);
        builder.Services.AddSingleton(services => new PartWriting(
            services.GetRequiredService<PartPool>(), services.GetRequiredService<PartSizes>(),
            services.GetRequiredService<IOptions<PartOptions>>().Value.PerUpload, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(services => new S3UploadStore(
            Store(services), services.GetRequiredService<UploadKeys>(), Options(services).ConditionalWrites, services.GetRequiredService<PartWriting>()));
        builder.Services.AddSingleton<IUploadStore>(services => services.GetRequiredService<S3UploadStore>());
        builder.Services.AddSingleton<IUploadInventory>(services => services.GetRequiredService<S3UploadStore>());
        builder.Services.AddSingleton<ILeftoverStore>(services => new S3Leftovers(Store(services), services.GetRequiredService<UploadKeys>()));
        builder.Services.AddSingleton<IStoreGuard, SharedStoreGuard>();
        builder.Services.AddOptions<TusOptions>().PostConfigure<PartSizes>((tus, sizes) =>
        {
            tus.AcceptsLongIds = true;
            tus.MaxSize = Math.Min(Math.Min(tus.MaxSize ?? long.MaxValue, sizes.LongestObject), S3UploadParts.LargestObject);
            tus.MaxDeferredSize = Math.Min(tus.MaxSize.Value, sizes.LongestDeferred);
            tus.MaxParts = Math.Min(tus.MaxParts, S3Joining.MostSources(tus.MaxSize.Value));
        });
        builder.Services.AddSingleton<IHealthProbe>(services => S3Probe.OfUploads(Store(services), UploadBucket(services)));
        builder.Services.AddHostedService<S3Startup>();
        return builder;
    }

    /// <summary>Reads finished uploads from that bucket for deliveries.</summary>
    public static IHostApplicationBuilder AddS3Source(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IDeliverySource>(services => new S3Source(
            Store(services), UploadBucket(services), services.GetRequiredService<IOptions<UploadFolderOptions>>().Value.Prefix,
            services.GetRequiredService<PartMemory>(), services.GetRequiredService<IOptions<TransferOptions>>()));
        builder.Services.AddSingleton<IHealthProbe>(services => S3Probe.OfSource(Store(services), UploadBucket(services)));
        return builder;
    }

    /// <summary>Delivery targets of type <c>s3</c>.</summary>
    public static IHostApplicationBuilder AddS3Targets(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IDestinationFactory, S3DestinationFactory>();
        builder.Services.AddSingleton<IHealthProbeSource, S3TargetProbes>();
        builder.Services.AddSingleton<IStartupValidation, S3TargetValidation>();
        return builder;
    }

    /// <summary>Manifest configs from a bucket.</summary>
    public static IHostApplicationBuilder AddS3ManifestConfigs(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IManifestConfigSource>(services =>
        {
            var options = Options(services);
            return new S3ManifestConfigSource(Store(services), options.ManifestBucket ?? UploadBucket(services), options.ManifestFolder ?? "");
        });
        return builder;
    }

    private static PartSizes PartSizesOf(IServiceProvider services)
    {
        var usual = services.GetRequiredService<IOptions<PartOptions>>().Value.Size;
        var least = Options(services).LeastPart;
        return new PartSizes(least, Math.Max(usual, least), Math.Min(services.GetRequiredService<PartPool>().Largest, S3UploadParts.LargestPart), S3UploadParts.MostParts);
    }

    private static S3Connection Store(IServiceProvider services) => services.GetRequiredService<S3Connections>().Store;

    private static S3Options Options(IServiceProvider services) => services.GetRequiredService<IOptions<S3Options>>().Value;

    // Options that were refused read as their defaults; then the server does not start.
    private static string UploadBucket(IServiceProvider services) => Options(services).Bucket ?? "";
}
