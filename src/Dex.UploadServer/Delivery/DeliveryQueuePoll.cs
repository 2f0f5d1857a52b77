using Dex.UploadServer.Ledger;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Delivery;

/// <summary>Reads the length of the delivery queue for <c>dex_server_queue_messages</c> (spec: metrics-logs-traces.md 2.1).</summary>
internal sealed partial class DeliveryQueuePoll(
    ILedger ledger, DeliveryMetrics metrics, IOptions<DeliveryOptions> options, TimeProvider clock, ILogger<DeliveryQueuePoll> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.QueuePollInterval, clock);
        try
        {
            do
            {
                try
                {
                    metrics.Queued((await ledger.ReadQueueAsync(stoppingToken)).Waiting);
                }
                catch (Exception error) when (!stoppingToken.IsCancellationRequested)
                {
                    LogFailed("memory channel", error.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    [LoggerMessage(LogLevel.Warning, "failed to get queue length {queue}{reason}")]
    private partial void LogFailed(string queue, string reason);
}
