using Dex.Tus.Dialects;
using Dex.Tus.Lifecycle;
using Dex.Tus.Limits;
using Dex.Tus.Locking;
using Dex.Tus.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dex.Tus;

/// <summary>How a host takes the engine in.</summary>
public static class TusExtensions
{
    /// <summary>Registers the engine. The host registers an <see cref="Stores.IUploadStore"/> and an <see cref="IUploadLifecycle"/>, and may replace the <see cref="IUploadLocker"/>.</summary>
    public static IServiceCollection AddTus(this IServiceCollection services)
    {
        services.AddOptions<TusOptions>();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IUploadLocker, MemoryUploadLocker>();
        services.AddSingleton<UploadLocks>();
        services.AddSingleton<ClientLimits>();
        services.AddSingleton<TusMetrics>();
        services.AddSingleton<LifecycleHooks>();
        services.AddSingleton<DescribeServer>();
        services.AddSingleton<FinishUpload>();
        services.AddSingleton<CreateUpload>();
        services.AddSingleton<AppendToUpload>();
        services.AddSingleton<ReadOffset>();
        services.AddSingleton<TerminateUpload>();
        services.AddSingleton<Tus1FrontEnd>();
        services.AddSingleton<DraftFrontEnd>();
        services.AddSingleton<PlainFrontEnd>();
        services.AddSingleton<TusEndpoint>();
        return services;
    }

    /// <summary>Answers everything below <see cref="TusOptions.BasePath"/>. Routing sees only what is not an upload path.</summary>
    public static IApplicationBuilder UseTus(this IApplicationBuilder app)
    {
        var endpoint = app.ApplicationServices.GetRequiredService<TusEndpoint>();
        return app.Use(async (http, next) =>
        {
            if (!await endpoint.TryHandleAsync(http))
                await next(http);
        });
    }
}
