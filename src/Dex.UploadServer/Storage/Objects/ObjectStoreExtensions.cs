using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

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

    /// <summary>Memory for parts: those of uploads on their way to an object store and, in <see cref="TransferExtensions"/>, those of deliveries.</summary>
    public static IHostApplicationBuilder AddObjectParts(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<PartArrays>();
        builder.Services.AddEnvironmentOptions<PartOptions, PartOptionsValidator>(PartOptions.Read);
        builder.Services.AddSingleton(services => new PartPool(services.GetRequiredService<PartArrays>(), services.GetRequiredService<IOptions<PartOptions>>().Value.Memory));
        return builder;
    }
}
