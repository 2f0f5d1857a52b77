using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Delivery;

/// <summary>Reads the lengths of the ledger's delivery queue and of a broker's for <c>dex_server_queue_messages</c> (spec: metrics-logs-traces.md 2.1).</summary>
internal sealed partial class DeliveryQueuePoll(
    ILedger ledger, IEnumerable<IEventQueue> queues, DeliveryMetrics metrics, IOptions<DeliveryOptions> options, TimeProvider clock, ILogger<DeliveryQueuePoll> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.QueuePollInterval, clock);
        try
        {
            do
            {
                await ReadAsync(DeliveryMetrics.LedgerQueue, async () => (await ledger.ReadQueueAsync(stoppingToken)).Waiting, stoppingToken);
                foreach (var queue in queues)
                {
                    if (queue.Label is { } label)
                        await ReadAsync(label, () => queue.CountAsync(stoppingToken), stoppingToken);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task ReadAsync(string queue, Func<Task<long>> count, CancellationToken stoppingToken)
    {
        try
        {
            metrics.Queued(queue, await count());
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            LogFailed(queue, error.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "failed to get queue length {queue}{reason}")]
    private partial void LogFailed(string queue, string reason);
}
