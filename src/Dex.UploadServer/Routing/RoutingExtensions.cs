using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Routing;

internal static class RoutingExtensions
{
    /// <summary>The delivery file, and what it says of each upload.</summary>
    public static IHostApplicationBuilder AddRouting(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<DeliveryConfigurationOptions>(DeliveryConfigurationOptions.Read);
        builder.Services.AddSingleton<DeliveryConfigurationLoader>();
        builder.Services.AddSingleton(services => services.GetRequiredService<DeliveryConfigurationLoader>().LoadAtStart());
        builder.Services.AddSingleton<IStartupValidation, DeliveryConfigurationValidation>();
        builder.Services.AddHostedService<DestinationsLog>();
        builder.Services.AddSingleton<UploadRouter>();
        builder.Services.AddSingleton<IUploadRouter>(services => services.GetRequiredService<UploadRouter>());
        builder.Services.AddSingleton<Redeliverer>();
        builder.Services.AddSingleton<RouteEndpoint>();
        return builder;
    }

    /// <summary>Maps <c>/route/{id}</c>, any method.</summary>
    public static IEndpointConventionBuilder MapRouting(this IEndpointRouteBuilder endpoints) =>
        // Resolved with the first request: a wrong delivery file is told at start, beside all other complaints.
        endpoints.MapTail("/route/", (http, uploadId) => http.RequestServices.GetRequiredService<RouteEndpoint>().HandleAsync(http, uploadId));
}
