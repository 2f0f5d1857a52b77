using System.Collections.Immutable;
using System.Globalization;
using Dex.Tus.Stores;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Manifests;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Reports;
using Dex.UploadServer.Routing;

namespace Dex.UploadServer.Uploads;

/// <summary>Completion as one transaction: upload complete, deliveries inserted, reports and events queued (spec: reliability.md Q1). Idempotent.</summary>
internal sealed partial class CompletionRecorder(
    ILedger ledger, IOutbox outbox, IReportWriter reports, IUploadRouter router, IDeliverySignal deliveries,
    UploadMetrics metrics, ManifestCounter manifests, TimeProvider clock, ILogger<CompletionRecorder> logger)
{
    /// <summary>Records a complete, flushed and verified upload, then sends the reports and wakes the delivery lanes. One that is rejected goes nowhere.</summary>
    /// <returns>False when the upload goes nowhere although it should.</returns>
    /// <exception cref="IOException">Nothing was recorded.</exception>
    public async Task<bool> RecordAsync(Upload upload, CancellationToken cancellationToken)
    {
        if (upload.Digests is { IsPending: true })
            throw new InvalidOperationException("an upload is recorded after it was compared with its declared digest");

        var manifest = upload.Metadata.ToSortedText();
        var isPartial = upload.Kind == UploadKind.Partial;
        var complaint = upload.Digests?.Complaint;
        var plan = isPartial || complaint is not null ? new RoutingPlan([], [], null) : router.Plan(upload.Id, manifest);
        if (!isPartial)
            LogCompleting();

        var now = clock.GetUtcNow();
        var record = new UploadRecord
        {
            UploadId = upload.Id,
            Manifest = manifest,
            CreatedAt = now,
            Length = upload.Offset,
            IsPartial = isPartial,
            CompletedAt = now,
            Crc32C = upload.Crc32C,
        };
        // A part is not completed for readers of reports, but its last bytes have been received.
        IReadOnlyList<OutboxMessage> messages = isPartial
            ? [reports.UploadStatus(upload.Id, manifest, upload.Offset, upload.Length)]
            : [complaint is null ? reports.UploadCompleted(upload.Id, manifest) : reports.UploadRejected(upload.Id, manifest, complaint), reports.UploadStatus(upload.Id, manifest, upload.Offset, upload.Length), .. plan.Events];
        if (await ledger.CompleteUploadAsync(new UploadCompletion(record, plan.Deliveries, messages), cancellationToken) is not { } batch)
            return true; // recorded before: everything that follows from it has its own record

        metrics.Ended();
        if (complaint is not null)
            Reject(upload);
        else if (!isPartial)
            CountCompletion(manifest, upload.Offset, now);
        foreach (var delivery in plan.Deliveries)
            deliveries.Notify(delivery.TargetKey);
        await outbox.SendAsync(batch, cancellationToken);
        if (!isPartial)
            LogCompleted();
        if (plan.Problem is not { } problem)
            return true;
        LogGoesNowhere(problem);
        return false;
    }

    private void Reject(Upload upload)
    {
        metrics.Rejected();
        LogRejected(string.Join(", ", upload.Digests!.Declared.Select(digest => digest.Algorithm.Name)));
    }

    private void CountCompletion(ImmutableSortedDictionary<string, string> manifest, long length, DateTimeOffset now)
    {
        manifests.Count(manifest);
        if (manifest.TryGetValue(ManifestKeys.IngestedAt, out var ingested)
            && DateTimeOffset.TryParse(ingested, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var ingestedAt))
            metrics.Completed(length, now - ingestedAt);
    }

    [LoggerMessage(LogLevel.Information, "starting upload-completed report")]
    private partial void LogCompleting();

    [LoggerMessage(LogLevel.Information, "upload-completed report complete")]
    private partial void LogCompleted();

    [LoggerMessage(LogLevel.Warning, "upload does not match its declared digest and is not delivered {algorithms}")]
    private partial void LogRejected(string algorithms);

    [LoggerMessage(LogLevel.Error, "upload is complete but goes nowhere {error}")]
    private partial void LogGoesNowhere(string error);
}
