using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Routing;

internal static class RoutingExtensions
{
    /// <summary>The delivery file, and what it says of each upload.</summary>
    public static IHostApplicationBuilder AddRouting(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<DeliveryConfigurationOptions, DeliveryConfigurationOptionsValidator>(DeliveryConfigurationOptions.Read);
        builder.Services.AddSingleton<DeliveryConfigurationLoader>();
        builder.Services.AddSingleton(services => services.GetRequiredService<DeliveryConfigurationLoader>().Load());
        builder.Services.AddSingleton<UploadRouter>();
        builder.Services.AddSingleton<IUploadRouter>(services => services.GetRequiredService<UploadRouter>());
        builder.Services.AddSingleton<Redeliverer>();
        builder.Services.AddSingleton<RouteEndpoint>();
        return builder;
    }

    /// <summary>Maps <c>/route/{id}</c>, any method. Reads the delivery file, so that a wrong one ends the start here.</summary>
    /// <exception cref="DeliveryConfigurationException">The delivery file is missing or wrong.</exception>
    public static IEndpointConventionBuilder MapRouting(this IEndpointRouteBuilder endpoints)
    {
        _ = endpoints.ServiceProvider.GetRequiredService<DeliveryConfiguration>();
        var endpoint = endpoints.ServiceProvider.GetRequiredService<RouteEndpoint>();
        return endpoints.MapTail("/route/", endpoint.HandleAsync);
    }
}
