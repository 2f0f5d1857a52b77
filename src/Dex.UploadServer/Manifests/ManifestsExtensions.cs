using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Manifests;

internal static class ManifestsExtensions
{
    /// <summary>The verdict on manifests. Where configs come from is the storage room's choice: it registers <see cref="IManifestConfigSource"/>.</summary>
    public static IHostApplicationBuilder AddManifests(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<ManifestOptions, ManifestOptionsValidator>(ManifestOptions.Read);
        builder.Services.AddSingleton<ManifestConfigs>();
        builder.Services.AddSingleton<IManifestVerifier, ManifestVerifier>();
        return builder;
    }
}
