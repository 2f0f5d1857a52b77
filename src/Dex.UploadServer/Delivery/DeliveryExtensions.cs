using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Delivery;

internal static class DeliveryExtensions
{
    /// <summary>Carries finished uploads to their targets. Needs a <see cref="IDeliverySource"/> and the <see cref="IDestinationFactory"/> of each backend.</summary>
    public static IHostApplicationBuilder AddDelivery(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddEnvironmentOptions<DeliveryOptions, DeliveryOptionsValidator>(DeliveryOptions.Read);
        services.AddSingleton<DeliveryMetrics>();
        services.AddSingleton<IDeliveryPaths, DeliveryPaths>();
        services.AddSingleton<DeliveryTargets>();
        services.AddSingleton<DeliveryClaims>();
        services.AddSingleton<Courier>();
        services.AddSingleton(provider => new RetryPolicy(provider.GetRequiredService<IOptions<DeliveryOptions>>(), Random.Shared.NextDouble));
        services.AddSingleton<DeliverySettler>();
        services.AddSingleton<DeliveryLaneFactory>();
        services.AddSingleton<DeliveryWorker>();
        services.AddSingleton<IDeliverySignal>(provider => provider.GetRequiredService<DeliveryWorker>());
        services.AddHostedService(provider => provider.GetRequiredService<DeliveryWorker>());
        services.AddHostedService<DeliveryQueuePoll>();
        return builder;
    }
}
