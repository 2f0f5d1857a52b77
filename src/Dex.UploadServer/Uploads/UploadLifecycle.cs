using System.Collections.Immutable;
using Dex.Tus.Lifecycle;
using Dex.Tus.Stores;
using Dex.Tus.Wire;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Manifests;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Reports;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Uploads;

/// <summary>DEX's part in an upload's life: manifest check before a byte is taken, a report for every step, completion recorded once and for good.</summary>
internal sealed partial class UploadLifecycle(
    IManifestVerifier verifier, IReportWriter reports, ILedger ledger, IOutbox outbox, CompletionRecorder completion,
    CompletionRepair repair, UploadMetrics metrics, TimeProvider clock, IOptions<ReportOptions> reportOptions, ILogger<UploadLifecycle> logger) : IUploadLifecycle
{
#pragma warning disable CA1727 // The field's name is frozen, and has a space in it that no parameter could have.
    private static readonly Action<ILogger, string, Exception?> LogIdChosen =
        LoggerMessage.Define<string>(LogLevel.Information, default, "set tus upload ID {upload ID}");
#pragma warning restore CA1727

    public async ValueTask<CreationDecision> CreatingAsync(CreationRequest request, CancellationToken cancellationToken)
    {
        var uploadId = UploadId.Create();
        using var scope = logger.BeginUploadScope(uploadId);
        LogIdChosen(logger, uploadId, null);
        var ingestedAt = clock.GetUtcNow();
        var timestamp = WireTime.Format(ingestedAt);
        var metadata = request.Metadata.With(ManifestKeys.IngestedAt, timestamp).With(ManifestKeys.UploadId, uploadId);
        var manifest = metadata.ToSortedText();
        LogTransform();
        LogTimestamp(timestamp);
        var transform = reports.MetadataTransform(uploadId, manifest, timestamp);
        LogTransformComplete();

        LogVerify();
        LogChecking(reportOptions.Value.LogManifestValues ? manifest : ReportRedaction.HideValues(manifest));
        var startedAt = clock.GetUtcNow();
        ManifestVerdict verdict;
        try
        {
            verdict = await verifier.VerifyAsync(manifest, cancellationToken);
        }
        catch (ManifestConfigUnreadableException unreadable)
        {
            LogUnreadable(unreadable);
            await outbox.PublishAsync([transform, reports.MetadataVerify(uploadId, manifest, [unreadable.Message], startedAt, clock.GetUtcNow())], CancellationToken.None);
            return CreationDecision.Refuse(ManifestRefusal.Unreadable(unreadable.Message));
        }

        var digests = ManifestDigests.Read(manifest);
        if (!digests.Problems.IsEmpty)
            verdict = new ManifestVerdict([.. verdict.Problems, .. digests.Problems]);
        var verify = reports.MetadataVerify(uploadId, manifest, verdict.Problems, startedAt, clock.GetUtcNow());
        if (verdict.Accepted)
        {
            LogVerifyComplete();
            return CreationDecision.Accept(uploadId, metadata, new CreationState(uploadId, manifest, ingestedAt, [transform, verify])) with
            {
                // A part carries the manifest of the whole, and is not the file that it speaks of.
                Digests = request.Kind == UploadKind.Partial ? [] : digests.Declared,
            };
        }

        LogRejected(reportOptions.Value.LogManifestValues ? verdict.Problems : verdict.Problems.Select(ReportRedaction.HideQuotedValue));
        await outbox.PublishAsync([transform, verify], CancellationToken.None);
        return CreationDecision.Refuse(ManifestRefusal.Rejected(uploadId, verdict.Problems));
    }

    public async ValueTask CreatedAsync(Upload upload, object? state, CancellationToken cancellationToken)
    {
        var creation = (CreationState)state!;
        using var scope = logger.BeginUploadScope(upload.Id);
        LogStarted();
        var record = new UploadRecord
        {
            UploadId = upload.Id,
            Manifest = creation.Manifest,
            CreatedAt = creation.IngestedAt,
            Length = upload.Length,
            IsPartial = upload.Kind == UploadKind.Partial,
        };
        var batch = await ledger.RecordCreationAsync(
            record,
            [.. creation.Reports, reports.UploadStarted(upload.Id, creation.Manifest), reports.UploadStatus(upload.Id, creation.Manifest, 0, upload.Length)],
            cancellationToken);
        metrics.Started();
        await outbox.SendAsync(batch, cancellationToken);
        LogStartedComplete();
    }

    public async ValueTask NotCreatedAsync(object? state, CancellationToken cancellationToken) =>
        await outbox.PublishAsync(((CreationState)state!).Reports, cancellationToken);

    public void Receiving(Upload upload) => outbox.SendPassing(StatusOf(upload));

    public async ValueTask ReceivedAsync(Upload upload, CancellationToken cancellationToken)
    {
        LogReceived(upload.Id);
        await outbox.SendPassingAsync(StatusOf(upload), cancellationToken);
        LogReceivedComplete(upload.Id);
    }

    public async ValueTask<bool> FinishingAsync(Upload upload, CancellationToken cancellationToken)
    {
        using var scope = logger.BeginUploadScope(upload.Id);
        return await completion.RecordAsync(upload, cancellationToken);
    }

    public void Unsettled(Upload upload) => repair.TryLater(upload.Id);

    public async ValueTask TerminatedAsync(Upload upload, CancellationToken cancellationToken)
    {
        if (!upload.IsComplete)
            metrics.Ended();
        await ledger.TerminateUploadAsync(upload.Id, clock.GetUtcNow(), cancellationToken);
    }

    public async ValueTask<bool> HasExpiredAsync(string uploadId, CancellationToken cancellationToken) =>
        await ledger.FindUploadAsync(uploadId, cancellationToken) is { ExpiredAt: not null, CompletedAt: null, TerminatedAt: null };

    private OutboxMessage StatusOf(Upload upload) =>
        reports.UploadStatus(upload.Id, upload.Metadata.ToSortedText(), upload.Offset, upload.Length);

    [LoggerMessage(LogLevel.Information, "starting metadata-transform")]
    private partial void LogTransform();

    [LoggerMessage(LogLevel.Information, "adding global timestamp {timestamp}")]
    private partial void LogTimestamp(string timestamp);

    [LoggerMessage(LogLevel.Information, "metadata-transform complete")]
    private partial void LogTransformComplete();

    [LoggerMessage(LogLevel.Information, "starting metadata-verify")]
    private partial void LogVerify();

    [LoggerMessage(LogLevel.Information, "checking the sender manifest {manifest}")]
    private partial void LogChecking(ImmutableSortedDictionary<string, string> manifest);

    [LoggerMessage(LogLevel.Information, "metadata-verify complete")]
    private partial void LogVerifyComplete();

    [LoggerMessage(LogLevel.Warning, "validation errors and warnings {errors}")]
    private partial void LogRejected(IEnumerable<string> errors);

    [LoggerMessage(LogLevel.Error, "manifest config cannot be read")]
    private partial void LogUnreadable(Exception error);

    [LoggerMessage(LogLevel.Information, "starting upload-started report")]
    private partial void LogStarted();

    [LoggerMessage(LogLevel.Information, "upload-started report complete")]
    private partial void LogStartedComplete();

    [LoggerMessage(LogLevel.Information, "starting upload-status report {uploadId}")]
    private partial void LogReceived(string uploadId);

    [LoggerMessage(LogLevel.Information, "upload-status report complete {uploadId}")]
    private partial void LogReceivedComplete(string uploadId);
}
