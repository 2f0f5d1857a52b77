using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Manifests;
using Dex.UploadServer.Messaging;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Delivery;

/// <summary>
/// Has done what FileReady messages order: the delivery goes into the ledger, its target's lane carries it, and how it ends is the
/// answer to the message. One attempt for each time a message is received (docs/adr/0018).
/// </summary>
internal sealed partial class EventInbox(
    ILedger ledger, DeliveryConfiguration configuration, OrderBook orders, IDeliveryLanes lanes, IDeliverySignal signal,
    RetryPolicy retry, IOptions<DeliveryOptions> options, TimeProvider clock, ILogger<EventInbox> logger) : IEventHandler
{
    /// <summary>What nobody tells is seen this late.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    /// <summary>For running deliveries to be cut and handed back, beyond the grace they have.</summary>
    private static readonly TimeSpan LastMoment = TimeSpan.FromSeconds(2);

    public async Task<EventAnswer> HandleAsync(ReceivedEvent received, CancellationToken stopping)
    {
        var (fileReady, problem) = FileReadyReader.Read(received.Body);
        if (fileReady is null)
        {
            LogUnusable(received.MessageId, received.Receives, problem!);
            return new EventAnswer(EventFate.Unusable, retry.WaitAfter(received.Receives));
        }

        using var scope = logger.BeginScope(new KeyValuePair<string, object?>[] { new("uploadId", fileReady.UploadId) });
        LogReceived(received.MessageId, fileReady.Target);
        if (FindTarget(fileReady) is not { } target)
        {
            // Another server may know it, or this one after a change of its delivery file.
            LogNotHandled(fileReady.UploadId + fileReady.Target, "failed to get destination for file delivery");
            return new EventAnswer(EventFate.Unusable, retry.WaitAfter(received.Receives));
        }

        // Not before what an earlier run of this process left has been given back: that would take this one's with it.
        await lanes.Opened.WaitAsync(stopping);
        using var order = orders.Open(received.MessageId, received.IsLastReceive);
        var delivery = new NewDelivery(target.Name, target.Key, fileReady.Path, fileReady.SourceUrl, received.Receives - 1);
        var accepted = await ledger.AcceptOrderAsync(new DeliveryOrder(fileReady.UploadId, delivery, received.MessageId, fileReady.Metadata), stopping);
        if (accepted.Verdict != OrderVerdict.UnderWay)
        {
            LogNothingToDo(target.Name);
            return new EventAnswer(accepted.Verdict == OrderVerdict.Settled ? EventFate.Done : EventFate.GivenUp);
        }

        order.DeliveryId = accepted.DeliveryId;
        signal.Notify(target.Key);
        return await WaitForEndAsync(fileReady.UploadId, target.Key, order, received, stopping);
    }

    private DeliveryTarget? FindTarget(FileReady fileReady)
    {
        var group = configuration.FindGroup(
            fileReady.Metadata.GetValueOrDefault(ManifestKeys.DataStreamId, ""), fileReady.Metadata.GetValueOrDefault(ManifestKeys.DataStreamRoute, ""));
        return group?.Routes.FirstOrDefault(route => route.Target.Name == fileReady.Target)?.Target
            ?? configuration.Targets.FirstOrDefault(target => target.Name == fileReady.Target);
    }

    private async Task<EventAnswer> WaitForEndAsync(string uploadId, string targetKey, Order order, ReceivedEvent received, CancellationToken stopping)
    {
        using var onStop = stopping.Register(order.Wake);
        using var onLoss = received.Lost.Register(order.Wake);
        for (long? stopSince = null; ;)
        {
            var delivery = (await ledger.ListDeliveriesAsync(uploadId, CancellationToken.None)).FirstOrDefault(row => row.DeliveryId == order.DeliveryId);
            if (await AnswerAsync(delivery, targetKey, order.MessageId, received, stopping) is { } answer)
                return answer;
            if (stopping.IsCancellationRequested)
            {
                stopSince ??= clock.GetTimestamp();
                if (clock.GetElapsedTime(stopSince.Value) > options.Value.ShutdownGrace + LastMoment)
                    return new EventAnswer(EventFate.Again); // what hangs is given back by the next start
            }

            await order.WaitAsync(Look);
        }
    }

    /// <returns>Null as long as the end is open.</returns>
    private async Task<EventAnswer?> AnswerAsync(DeliveryRecord? delivery, string targetKey, string messageId, ReceivedEvent received, CancellationToken stopping)
    {
        switch (delivery?.State)
        {
            case null: // the upload was terminated
            case DeliveryState.Done:
                return new EventAnswer(EventFate.Done);

            case DeliveryState.Dead:
                return new EventAnswer(EventFate.GivenUp);

            case DeliveryState.Posted:
                var wait = delivery.NextAttemptAt - clock.GetUtcNow();
                return new EventAnswer(EventFate.Again, wait > TimeSpan.Zero ? wait : TimeSpan.Zero);

            case DeliveryState.Waiting when delivery.MessageId is null:
                return new EventAnswer(EventFate.Done); // the ledger's own, for good

            case DeliveryState.Waiting when stopping.IsCancellationRequested || received.Lost.IsCancellationRequested:
                await ledger.ReturnOrderAsync(delivery.DeliveryId, messageId, CancellationToken.None);
                return new EventAnswer(EventFate.Again);

            case DeliveryState.Waiting when received.IsInTheWay() && lanes.IsDown(targetKey):
                if (!await ledger.KeepOrderAsync(delivery.DeliveryId, messageId, CancellationToken.None))
                    return null;
                LogKept(delivery.Target);
                return new EventAnswer(EventFate.Done);

            default:
                return null;
        }
    }

    [LoggerMessage(LogLevel.Information, "received event {message_id}{target}")]
    private partial void LogReceived(string message_id, string target);

    [LoggerMessage(LogLevel.Error, "received event cannot be used {message_id}{receives}{error}")]
    private partial void LogUnusable(string message_id, int receives, string error);

    [LoggerMessage(LogLevel.Error, "failed to handle event {event}{error}")]
    private partial void LogNotHandled(string @event, string error);

    [LoggerMessage(LogLevel.Information, "event was handled before {target}")]
    private partial void LogNothingToDo(string target);

    [LoggerMessage(LogLevel.Information, "target is down, so the ledger keeps the delivery instead of the queue {target}")]
    private partial void LogKept(string target);
}
