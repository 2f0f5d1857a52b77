using Dex.UploadServer.Hosting.ReceiveMemory;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

internal static class HostingExtensions
{
    /// <summary>The variables, the port, the start and the stop.</summary>
    /// <exception cref="StartupFailureException">The dotenv file named in <paramref name="args"/> cannot be read.</exception>
    public static WebApplicationBuilder AddHosting(
        this WebApplicationBuilder builder, string[] args, IReadOnlyDictionary<string, string> environment)
    {
        var commandLine = CommandLine.Parse(args);
        if (commandLine.AppConfigFile is { } file)
            environment = EnvironmentVariables.WithFile(environment, file);

        builder.Services.AddSingleton(commandLine);
        builder.Services.AddSingleton(new EnvironmentReader(environment));
        builder.Services.AddSingleton(BuildInfo.Of(typeof(BuildInfo).Assembly));
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddHostingOptions();
        builder.Services.AddKestrel(builder.WebHost);
        builder.Services.AddStartAndStop();
        return builder;
    }

    /// <summary>Stops here, before anything else is made, if any room objects to its configuration.</summary>
    /// <exception cref="StartupFailureException">With every complaint there is.</exception>
    public static WebApplication CheckConfiguration(this WebApplication app)
    {
        app.Services.GetRequiredService<StartupValidations>().Check();
        return app;
    }

    /// <summary>Stands after the middleware that counts every answer and before the rooms' own.</summary>
    /// <remarks>Relies on routing standing before all middleware, as it does unless somebody calls <c>UseRouting</c>.</remarks>
    public static WebApplication UseHosting(this WebApplication app)
    {
        app.UseMiddleware<StrictRequests>();
        app.UseMiddleware<ShutdownGate>();
        app.UseMiddleware<CleanPaths>();
        return app;
    }

    /// <summary>Stands behind routing: what no room has mapped is 404.</summary>
    public static WebApplication UseUnknownPath(this WebApplication app)
    {
        app.UseMiddleware<UnknownPath>();
        return app;
    }

    private static void AddHostingOptions(this IServiceCollection services)
    {
        services.AddEnvironmentOptions<DeploymentOptions>(DeploymentOptions.Read);
        services.AddEnvironmentOptions<ServerAddressOptions, ServerAddressOptionsValidator>(ServerAddressOptions.Read);
        services.AddEnvironmentOptions<RoutePathOptions, RoutePathOptionsValidator>(RoutePathOptions.Read);
        services.AddEnvironmentOptions<UiAddressOptions, UiAddressOptionsValidator>(UiAddressOptions.Read);
        services.AddEnvironmentOptions<UploadFolderOptions, UploadFolderOptionsValidator>(UploadFolderOptions.Read);
        services.AddEnvironmentOptions<DurabilityOptions>(DurabilityOptions.Read);
        services.AddEnvironmentOptions<TlsOptions, TlsOptionsValidator>(TlsOptions.Read);
        services.AddEnvironmentOptions<ConnectionLimitOptions, ConnectionLimitOptionsValidator>(ConnectionLimitOptions.Read);
        services.AddEnvironmentOptions<ShutdownOptions, ShutdownOptionsValidator>(ShutdownOptions.Read);
        services.AddSingleton<IStartupValidation, UnsupportedFeatures>();
    }

    private static void AddKestrel(this IServiceCollection services, ConfigureWebHostBuilder webHost)
    {
        services.AddEnvironmentOptions<ReceiveMemoryOptions, ReceiveMemoryOptionsValidator>(ReceiveMemoryOptions.Read);
        services.AddSingleton<ReceiveBlocks>();
        services.AddHostedService<QuietCollection>();
        webHost.UseKestrelCore();
        services.AddSingleton<IMemoryPoolFactory<byte>, ReceiveBlockPoolFactory>(); // after Kestrel's own: the last one counts
        services.AddRoutingCore();
        services.AddSingleton<ListeningSockets>();
        services.AddSingleton<OpenConnections>();
        services.AddSingleton<TlsHandshakes>();
        services.AddSingleton<ApiListener>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>, KestrelSetup>();
        services.AddSingleton<IConfigureOptions<SocketTransportOptions>, KestrelSetup>();
    }

    private static void AddStartAndStop(this IServiceCollection services)
    {
        services.AddSingleton<StartupValidations>();
        services.AddSingleton<ProcessLifetime>();
        services.AddSingleton<IHostLifetime>(provider => provider.GetRequiredService<ProcessLifetime>());
        services.AddHostedService<StartupLog>();
        services.AddOptions<HostOptions>().Configure<IOptions<ShutdownOptions>>(
            (host, shutdown) => host.ShutdownTimeout = shutdown.Value.ServicesLimit);
    }
}
