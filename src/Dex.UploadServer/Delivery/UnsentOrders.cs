using System.Text;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;

namespace Dex.UploadServer.Delivery;

/// <summary>After a broker was taken out of the configuration: what it was never told is delivered by this server itself.</summary>
internal sealed partial class UnsentOrders(ILedger ledger, EventTransport transport, ILogger<UnsentOrders> logger) : IHostedLifecycleService
{
    private const int Page = 256;

    /// <summary>Ahead of the outbox, which forgets what it has written to files.</summary>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (transport.IsPublished)
            return;
        var recalled = 0;
        IReadOnlyList<OutboxBatch> batches = [];
        do
        {
            batches = await ledger.ReadOutboxAsync(batches is [.., var last] ? last.Sequence : 0, Page, cancellationToken);
            foreach (var message in batches.SelectMany(batch => batch.Messages).Where(message => message.Kind == MessageKind.Event))
            {
                if (FileReadyReader.Read(Encoding.UTF8.GetString(message.Json.Span)).Event is { } order
                    && await ledger.RecallOrderAsync(order.UploadId, order.Target, cancellationToken))
                    recalled++;
            }
        }
        while (batches.Count == Page);

        if (recalled > 0)
            LogRecalled(recalled);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Warning, "deliveries that were never published to a broker are made by this server {count}")]
    private partial void LogRecalled(int count);
}
