using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Says how far the start has come, in the words and order operators know (spec: config.md 4).</summary>
internal sealed partial class StartupLog(
    IOptions<RoutePathOptions> paths,
    IOptions<DurabilityOptions> durability,
    EnvironmentReader environment,
    IServer server,
    ILogger<StartupLog> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        LogStarting();
        foreach (var warning in environment.Warnings)
            LogWarning(warning);
        if (durability.Value.Durability == UploadDurability.None)
            LogNotDurable();
        LogHosting(paths.Value.UploadsPath);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        LogReady();
        foreach (var url in server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
            LogStarted(BindingAddress.Parse(url).Port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Information, "starting app")]
    private partial void LogStarting();

    [LoggerMessage(LogLevel.Warning, "configuration {warning}")]
    private partial void LogWarning(string warning);

    [LoggerMessage(LogLevel.Warning, "UPLOAD_DURABILITY is none: a power failure loses uploads that were answered")]
    private partial void LogNotDurable();

    [LoggerMessage(LogLevel.Information, "hosting tus handler {path}")]
    private partial void LogHosting(string path);

    [LoggerMessage(LogLevel.Information, "http handlers ready")]
    private partial void LogReady();

    [LoggerMessage(LogLevel.Information, "started http server with tusd and dex handlers {port}")]
    private partial void LogStarted(string port);
}
