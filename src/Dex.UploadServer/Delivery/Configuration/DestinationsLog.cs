using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>Tells which targets there are, at its place among the lines of the start; never more of them than name and type (spec: config.md 4, 6.3).</summary>
internal sealed partial class DestinationsLog(
    DeliveryConfiguration configuration, IOptions<DeliveryConfigurationOptions> options, ILogger<DestinationsLog> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        LogTargets(options.Value.FindFile(), string.Join(", ", configuration.Targets.Select(target => $"{target.Key} ({target.Type})")));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Information, "registering destinations {file}{destinations}")]
    private partial void LogTargets(string? file, string destinations);
}
