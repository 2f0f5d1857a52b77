using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Storage.Objects;

internal static class ObjectStoreExtensions
{
    /// <summary>What all object stores have in common: time limits, retries, and memory for transfers.</summary>
    public static IHostApplicationBuilder AddObjectStoreCalls(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<StoreCallOptions, StoreCallOptionsValidator>(StoreCallOptions.Read);
        builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<StoreRetry>(services, (Func<double>)Random.Shared.NextDouble));
        builder.Services.AddEnvironmentOptions<TransferOptions, TransferOptionsValidator>(TransferOptions.Read);
        builder.Services.AddSingleton<PartMemory>();
        return builder;
    }
}
