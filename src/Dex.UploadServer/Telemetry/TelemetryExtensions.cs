using System.Diagnostics.Metrics;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Telemetry.Http;
using Dex.UploadServer.Telemetry.Logs;
using Dex.UploadServer.Telemetry.Metrics;
using Dex.UploadServer.Telemetry.Runtime;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dex.UploadServer.Telemetry;

internal static class TelemetryExtensions
{
    public static IHostApplicationBuilder AddTelemetry(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<TelemetryOptions, TelemetryOptionsValidator>(TelemetryOptions.Read);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.AddJsonLog();

        builder.Services.AddSingleton<MetricStore>();
        builder.Services.Replace(ServiceDescriptor.Singleton<IMeterFactory>(services => services.GetRequiredService<MetricStore>()));
        builder.Services.AddSingleton<HttpMetrics>();
        builder.Services.AddSingleton<ProcessMetrics>();
        builder.Services.AddSingleton<RuntimeMetrics>();
        builder.Services.AddSingleton<MetricsEndpoint>();
        return builder;
    }

    /// <summary>Leaves standard output to what a command has to say.</summary>
    public static IHostApplicationBuilder LogToStandardError(this IHostApplicationBuilder builder)
    {
        builder.Services.Replace(ServiceDescriptor.Singleton(_ => new LogWriter(Console.OpenStandardError())));
        return builder;
    }

    /// <summary>Counts every answer of the API port; to stand before everything that could answer.</summary>
    public static IApplicationBuilder UseTelemetry(this IApplicationBuilder app) => app.UseMiddleware<RequestTelemetry>();

    /// <summary><c>GET /metrics</c>.</summary>
    public static IEndpointConventionBuilder MapMetrics(this IEndpointRouteBuilder endpoints)
    {
        // These measure by being there.
        endpoints.ServiceProvider.GetRequiredService<ProcessMetrics>();
        endpoints.ServiceProvider.GetRequiredService<RuntimeMetrics>();
        var metrics = endpoints.ServiceProvider.GetRequiredService<MetricsEndpoint>();
        return endpoints.MapMethods("/metrics", [HttpMethods.Get, HttpMethods.Head], metrics.AnswerAsync);
    }

    private static void AddJsonLog(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(_ => new LogWriter(Console.OpenStandardOutput()));
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<ILoggerProvider, JsonLogProvider>();

        // The provider has the thresholds. What it does not show need not be made: no activity, no scope for each request.
        builder.Logging.SetMinimumLevel(LogLevel.Debug);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.Configure(factory => factory.ActivityTrackingOptions = ActivityTrackingOptions.None);
    }
}
