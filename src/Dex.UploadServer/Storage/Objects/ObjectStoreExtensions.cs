using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Storage.Objects;

internal static class ObjectStoreExtensions
{
    /// <summary>What all object stores have in common: time limits, retries, and what is told of failures.</summary>
    public static IHostApplicationBuilder AddObjectStoreCalls(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<StoreCallOptions, StoreCallOptionsValidator>(StoreCallOptions.Read);
        builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<StoreRetry>(services, (Func<double>)Random.Shared.NextDouble));
        builder.Services.AddSingleton<StoreCallFailures>();
        return builder;
    }
}
