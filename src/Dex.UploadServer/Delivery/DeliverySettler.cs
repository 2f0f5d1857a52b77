using Dex.UploadServer.Ledger;
using Dex.UploadServer.Reports;

namespace Dex.UploadServer.Delivery;

/// <summary>Records how an attempt ended and what becomes of the delivery: done, another try, or dead letter (spec: reliability.md 4.1).</summary>
internal sealed partial class DeliverySettler(
    ILedger ledger, OrderBook orders, IReportWriter reports, RetryPolicy retry, DeliveryMetrics metrics, TimeProvider clock, ILogger<DeliverySettler> logger)
{
    /// <summary>A target may ask for no longer pause than this.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    /// <summary>Waits between tries to reach the ledger.</summary>
    private static readonly TimeSpan LedgerPause = TimeSpan.FromSeconds(2);

    /// <summary>Returns when the ledger has it, however long that takes.</summary>
    /// <returns>The report to send, and when the delivery is due again (null: never); null if the claim was lost.</returns>
    public async Task<Settled?> SettleAsync(DeliveryRecord delivery, DeliveryOutcome outcome, CancellationToken cut)
    {
        var attempts = delivery.Attempts + 1;
        var state = Judge(outcome.Verdict, attempts, delivery.MessageId);
        var isTriedAgain = state is DeliveryState.Waiting or DeliveryState.Posted;
        var dueAt = isTriedAgain ? clock.GetUtcNow() + Pause(attempts, outcome.RetryAfter) : clock.GetUtcNow();
        var report = reports.FileCopy(delivery, outcome.Manifest, outcome.Attempt, outcome.StartedAt);
        LogReported();

        var batch = await SettlePatientlyAsync(new DeliverySettlement(delivery, outcome.Attempt, state, dueAt, [report]), cut);
        if (batch is null)
        {
            metrics.ClaimLost(delivery.Target);
            LogLost(delivery.Target);
            return null;
        }

        var error = ReportRedaction.HidePath(outcome.Error, delivery.Path);
        if (outcome.Verdict != DeliveryVerdict.Delivered)
            LogNotHandled(delivery.UploadId + delivery.Target, error);
        if (isTriedAgain)
        {
            metrics.Retrying(delivery.Target);
            LogRetrying(delivery.Target, attempts, dueAt);
        }
        else if (state == DeliveryState.Dead)
        {
            metrics.Dead(delivery.Target);
            LogDead(delivery.UploadId, delivery.Target, attempts, error);
        }

        return new Settled(batch, state == DeliveryState.Waiting ? dueAt : null);
    }

    // Whoever receives its message next makes the next attempt, as often as the broker gives it.
    private DeliveryState Judge(DeliveryVerdict verdict, int attempts, string? messageId) => verdict switch
    {
        DeliveryVerdict.Delivered => DeliveryState.Done,
        DeliveryVerdict.Refused => DeliveryState.Dead,
        _ when messageId is not null => orders.IsLastTry(messageId) ? DeliveryState.Dead : DeliveryState.Posted,
        _ => retry.IsExhausted(attempts) ? DeliveryState.Dead : DeliveryState.Waiting,
    };

    private TimeSpan Pause(int attempts, TimeSpan? asked)
    {
        var pause = retry.WaitAfter(attempts);
        return asked is { } longer && longer > pause ? (longer < LongestPause ? longer : LongestPause) : pause;
    }

    private async Task<OutboxBatch?> SettlePatientlyAsync(DeliverySettlement settlement, CancellationToken cut)
    {
        while (true)
        {
            try
            {
                return await ledger.SettleDeliveryAsync(settlement, cut);
            }
            catch (Exception error) when (!cut.IsCancellationRequested)
            {
                LogLedgerFailed(error.Message);
                await Task.Delay(LedgerPause, clock, cut);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "file-copy report complete")]
    private partial void LogReported();

    [LoggerMessage(LogLevel.Error, "failed to handle event {event}{error}")]
    private partial void LogNotHandled(string @event, string error);

    [LoggerMessage(LogLevel.Warning, "delivery will be tried again {target}{attempts}{dueAt}")]
    private partial void LogRetrying(string target, int attempts, DateTimeOffset dueAt);

    [LoggerMessage(LogLevel.Error, "delivery given up {uploadId}{target}{attempts}{error}")]
    private partial void LogDead(string uploadId, string target, int attempts, string error);

    [LoggerMessage(LogLevel.Warning, "delivery claim lost {target}")]
    private partial void LogLost(string target);

    [LoggerMessage(LogLevel.Error, "failed to record delivery {error}")]
    private partial void LogLedgerFailed(string error);
}

/// <summary>A recorded attempt.</summary>
/// <param name="Batch">To be sent.</param>
/// <param name="DueAt">When the delivery is tried again; null if it is done or dead.</param>
internal sealed record Settled(OutboxBatch Batch, DateTimeOffset? DueAt);
