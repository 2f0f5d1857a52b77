using System.Collections.Immutable;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Reports;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Delivery;

/// <summary>Makes one attempt to carry one upload to one target, and tells how it ended (spec: delivery.md 6, reliability.md 4.1).</summary>
internal sealed partial class Courier(
    IDeliverySource source,
    DeliveryMetrics metrics,
    MessagingMetrics events,
    IOptions<DeliveryOptions> options,
    TimeProvider clock,
    ILogger<Courier> logger)
{
    /// <summary>How long a cancelled attempt may take to clean up before it is left to itself.</summary>
    private static readonly TimeSpan CleaningUp = TimeSpan.FromSeconds(1);

    /// <param name="cut">Fires when the server can wait no longer.</param>
    /// <exception cref="OperationCanceledException">Cut: the attempt does not count.</exception>
    public async Task<DeliveryOutcome> DeliverAsync(DeliveryRecord delivery, IDeliveryDestination destination, CancellationToken cut)
    {
        LogStarting();
        var startedAt = clock.GetUtcNow();
        var start = clock.GetTimestamp();
        events.Subscribed(FileReady.MessageType);
        metrics.Started(delivery.Target);
        try
        {
            var carried = await CarryPatientlyAsync(delivery, destination, cut);
            metrics.Completed(delivery.Target, carried.Length, clock.GetElapsedTime(start));
            LogDelivered(delivery.UploadId + delivery.Target);
            return Outcome(carried.Manifest, DeliveryVerdict.Delivered, carried.File.Location, carried.File.Warnings.Select(text => new AttemptIssue("WARNING", text)));
        }
        catch (OperationCanceledException) when (cut.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception error)
        {
            metrics.Failed(delivery.Target);
            LogFailed(delivery.Target, ReportRedaction.HidePath(error.Message, delivery.Path));
            var verdict = error switch
            {
                DeliveryRefusedException => DeliveryVerdict.Refused,
                DeliverySourceException => DeliveryVerdict.SourceFailed,
                _ => DeliveryVerdict.TargetFailed,
            };
            return Outcome(null, verdict, "", [new AttemptIssue("ERROR", error.Message)]) with { RetryAfter = (error as DeliveryPostponedException)?.RetryAfter };
        }
        finally
        {
            metrics.Ended(delivery.Target);
        }

        DeliveryOutcome Outcome(ImmutableSortedDictionary<string, string>? manifest, DeliveryVerdict verdict, string location, IEnumerable<AttemptIssue> issues) => new(
            new DeliveryAttempt
            {
                Target = delivery.Target,
                Succeeded = verdict == DeliveryVerdict.Delivered,
                Location = location,
                EndedAt = clock.GetUtcNow(),
                Issues = [.. issues],
            },
            verdict,
            delivery.Upload?.Manifest ?? manifest ?? delivery.OrderedManifest ?? ImmutableSortedDictionary<string, string>.Empty,
            startedAt);
    }

    private async Task<CarriedFile> CarryPatientlyAsync(DeliveryRecord delivery, IDeliveryDestination destination, CancellationToken cut)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cut);
        using var patience = new Patience(options.Value.ProgressTimeout, options.Value.Timeout, attempt, clock);
        var carrying = CarryAsync(delivery, destination, patience, attempt.Token);
        try
        {
            try
            {
                return await carrying.WaitAsync(attempt.Token);
            }
            catch (OperationCanceledException) when (attempt.IsCancellationRequested)
            {
                // It may be cleaning up, or have finished just now; or hang in a call that nothing can end, and then nobody waits for it.
                return await carrying.WaitAsync(CleaningUp, clock, CancellationToken.None);
            }
        }
        catch (Exception) when (attempt.IsCancellationRequested && carrying is not { IsCompletedSuccessfully: true })
        {
            _ = carrying.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            cut.ThrowIfCancellationRequested();
            throw new IOException(patience.Verdict);
        }
    }

    private async Task<CarriedFile> CarryAsync(DeliveryRecord delivery, IDeliveryDestination destination, Patience patience, CancellationToken cancellationToken)
    {
        if (DeliveredPath.Check(delivery.Path) is { } problem)
            throw new DeliveryRefusedException(problem);

        await using var file = await FindAsync(delivery, cancellationToken) ?? throw new DeliverySourceException(source.NotFoundMessage);
        if (file.Rejection is { } rejection)
            throw new DeliveryRefusedException(rejection);
        if (delivery.Upload?.Length is { } length && length != file.Length)
            throw new DeliverySourceException($"source file has {file.Length} bytes instead of {length}");
        file.Crc32C ??= delivery.Upload?.Crc32C;

        var delivered = await destination.DeliverAsync(file, delivery.Path, patience, cancellationToken);
        return new CarriedFile(delivered, file.Length, file.Metadata);
    }

    private async ValueTask<SourceFile?> FindAsync(DeliveryRecord delivery, CancellationToken cancellationToken)
    {
        try
        {
            var finished = delivery.Upload is { CompletedAt: not null } recorded ? new FinishedUpload(recorded.Manifest) : null;
            return await source.FindAsync(delivery.UploadId, finished, cancellationToken);
        }
        catch (Exception error) when (error is not (OperationCanceledException or DeliverySourceException))
        {
            throw new DeliverySourceException(error.Message, error);
        }
    }

    [LoggerMessage(LogLevel.Information, "starting file copy")]
    private partial void LogStarting();

    // Not where it went: the sender has a part in its name.
    [LoggerMessage(LogLevel.Information, "file delivered {event}")]
    private partial void LogDelivered(string @event);

    [LoggerMessage(LogLevel.Error, "failed to deliver file {target}{error}")]
    private partial void LogFailed(string target, string error);

    private sealed record CarriedFile(DeliveredFile File, long Length, ImmutableSortedDictionary<string, string> Manifest);
}
