using Dex.Tus.Lifecycle;
using Dex.Tus.Stores;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Reports;

namespace Dex.UploadServer.Info;

/// <summary>Puts together what store, ledger and, for uploads from before the switch-over, report files know of an upload (spec: http-api.md 8 and 12.9).</summary>
internal sealed class UploadInspector(IUploadStore store, ILedger ledger, ReportArchive reports, UploadExpiration expiration)
{
    /// <summary>The upload as stored, or null if there is none (any more). Asked before the rest, so that a failure says which question failed.</summary>
    public ValueTask<Upload?> FindAsync(string uploadId, CancellationToken cancellationToken) => store.FindAsync(uploadId, cancellationToken);

    /// <returns>Null if its client has deleted the upload, or has not finished it in time.</returns>
    public async Task<UploadInfo?> InspectAsync(Upload upload, CancellationToken cancellationToken)
    {
        if (expiration.HasEnded(upload))
            return null;
        if (await ledger.FindUploadAsync(upload.Id, cancellationToken) is not { } record)
        {
            var archived = await reports.ReadAsync(upload.Id, cancellationToken);
            // Another server's upload whose reports lie elsewhere: its data is all there is to go by.
            var completedAt = archived.CompletedAt ?? (archived.IsEmpty && upload.IsComplete ? upload.ModifiedAt : null);
            return Describe(upload, completedAt, archived.Attempts);
        }

        return record.TerminatedAt is null
            ? Describe(upload, record.CompletedAt, await ledger.ListAttemptsAsync(upload.Id, cancellationToken))
            : null;
    }

    private static UploadInfo Describe(Upload upload, DateTimeOffset? completedAt, IReadOnlyList<DeliveryAttempt> attempts) => new()
    {
        Manifest = upload.Metadata.ToSortedText(),
        File = upload.HasFile ? new UploadFile(upload.Offset, upload.ModifiedAt) : null,
        Stage = completedAt is not null && upload.IsRejected ? UploadStage.Failed
            : completedAt is not null ? UploadStage.Complete
            : upload.Offset > 0 || upload.IsComplete ? UploadStage.InProgress
            : UploadStage.Initiated,
        StageAt = completedAt ?? upload.ModifiedAt,
        Issues = completedAt is not null && upload.Digests?.Complaint is { } complaint ? [new AttemptIssue("ERROR", complaint)] : [],
        Attempts = attempts,
    };
}
