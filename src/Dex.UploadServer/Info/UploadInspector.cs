using Dex.Tus.Stores;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Info;

/// <summary>Puts together what store, ledger and, for uploads from before the switch-over, report files know of an upload (spec: http-api.md 8 and 12.9).</summary>
internal sealed class UploadInspector(IUploadStore store, ILedger ledger, IPredecessorReports reports)
{
    /// <summary>The upload as stored, or null if there is none (any more). First of the three questions, so that a failure says which one failed.</summary>
    public ValueTask<Upload?> FindAsync(string uploadId, CancellationToken cancellationToken) => store.FindAsync(uploadId, cancellationToken);

    /// <returns>Null if its client has deleted the upload.</returns>
    public async Task<UploadInfo?> InspectAsync(Upload upload, CancellationToken cancellationToken)
    {
        var record = await ledger.FindUploadAsync(upload.Id, cancellationToken);
        if (record?.TerminatedAt is not null)
            return null;

        var history = record is null ? await reports.FindAsync(upload.Id, cancellationToken) : null;
        var completedAt = record is null ? history?.CompletedAt : record.CompletedAt;
        return new UploadInfo
        {
            Manifest = upload.Metadata.ToSortedText(),
            StoredBytes = upload.Offset,
            ModifiedAt = upload.ModifiedAt,
            Stage = completedAt is not null ? UploadStage.Complete
                : upload.Offset > 0 || upload.IsComplete ? UploadStage.InProgress
                : UploadStage.Initiated,
            StageAt = completedAt ?? upload.ModifiedAt,
            Attempts = record is null ? history?.Attempts ?? [] : await ledger.ListAttemptsAsync(upload.Id, cancellationToken),
        };
    }
}
