using Dex.UploadServer.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dex.UploadServer.Health;

internal static class HealthExtensions
{
    public static IHostApplicationBuilder AddHealth(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton(_ => BuildInfo.Of(typeof(BuildInfo).Assembly));
        builder.Services.AddSingleton<HealthChecker>();
        builder.Services.AddSingleton<HealthEndpoint>();
        builder.Services.AddSingleton<IdentityEndpoints>();
        return builder;
    }

    /// <summary><c>/health</c>, <c>/version</c> and <c>/</c>, with any method and no sign-in: what monitoring asks before anything else.</summary>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder endpoints)
    {
        var health = endpoints.ServiceProvider.GetRequiredService<HealthEndpoint>();
        var identity = endpoints.ServiceProvider.GetRequiredService<IdentityEndpoints>();
        endpoints.Map("/health", health.AnswerAsync);
        endpoints.Map("/version", identity.AnswerVersionAsync);
        endpoints.Map("/", identity.AnswerBannerAsync);
        return endpoints;
    }
}
