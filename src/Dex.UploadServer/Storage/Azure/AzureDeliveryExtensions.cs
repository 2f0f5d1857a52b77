using Dex.UploadServer.Delivery;
using Dex.UploadServer.Health;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Manifests;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Azure;

internal static class AzureDeliveryExtensions
{
    /// <summary>Reads finished uploads from the container of uploads for deliveries.</summary>
    public static IHostApplicationBuilder AddAzureSource(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IDeliverySource>(services => new AzureSource(
            Uploads(services), services.GetRequiredService<IOptions<UploadFolderOptions>>().Value.Prefix,
            services.GetRequiredService<PartMemory>(), services.GetRequiredService<IOptions<TransferOptions>>()));
        builder.Services.AddSingleton<IHealthProbe>(services => AzureProbe.OfSource(Uploads(services)));
        return builder;
    }

    /// <summary>Tells in <c>/health</c> whether the container of uploads can be reached.</summary>
    public static IHostApplicationBuilder AddAzureUploadProbe(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IHealthProbe>(services => AzureProbe.OfUploads(Uploads(services)));
        return builder;
    }

    /// <summary>Delivery targets of type <c>az-blob</c>.</summary>
    public static IHostApplicationBuilder AddAzureTargets(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IDestinationFactory, AzureDestinationFactory>();
        builder.Services.AddSingleton<IHealthProbeSource, AzureTargetProbes>();
        builder.Services.AddSingleton<IStartupValidation, AzureTargetValidation>();
        return builder;
    }

    /// <summary>Manifest configs from a container.</summary>
    public static IHostApplicationBuilder AddAzureManifestConfigs(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IManifestConfigSource>(services => new AzureManifestConfigSource(
            services.GetRequiredService<AzureConnections>().Store.Container(Options(services).ManifestContainer ?? "")));
        return builder;
    }

    // Options that were refused read as their defaults; then the server does not start.
    private static AzureContainer Uploads(IServiceProvider services) =>
        services.GetRequiredService<AzureConnections>().Store.Container(Options(services).Container ?? "");

    private static AzureOptions Options(IServiceProvider services) => services.GetRequiredService<IOptions<AzureOptions>>().Value;
}
