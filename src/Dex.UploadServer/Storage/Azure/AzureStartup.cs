using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Makes the container of uploads if it is missing (spec: storage-layout.md 4). The server starts without it, and goes on trying: the account may come back (spec: reliability.md U10, E1).</summary>
internal sealed partial class AzureStartup(AzureConnections connections, IOptions<AzureOptions> options, TimeProvider clock, ILogger<AzureStartup> logger) : BackgroundService
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var container = connections.Store.Container(options.Value.Container!); // validated
        while (!await EnsureAsync(container, stoppingToken))
            await Task.Delay(s_pause, clock, stoppingToken);
    }

    private async Task<bool> EnsureAsync(AzureContainer container, CancellationToken stoppingToken)
    {
        try
        {
            await container.EnsureAsync(stoppingToken);
            return true;
        }
        catch (StoreCallException failure)
        {
            LogUnusable(container.Name, failure.Message);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Error, "upload container cannot be used now {container}{error}")]
    private partial void LogUnusable(string container, string error);
}
