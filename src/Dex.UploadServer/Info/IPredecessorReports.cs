using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Info;

/// <summary>What report files tell of an upload that the ledger does not know: one from before the switch-over.</summary>
internal interface IPredecessorReports
{
    /// <summary>The upload's history, or null if there is no report of it.</summary>
    ValueTask<PredecessorHistory?> FindAsync(string uploadId, CancellationToken cancellationToken);
}

/// <param name="CompletedAt">When upload-completed was written; null if it was not.</param>
/// <param name="Attempts">One for each blob-file-copy line, in the file's order.</param>
internal sealed record PredecessorHistory(DateTimeOffset? CompletedAt, IReadOnlyList<DeliveryAttempt> Attempts);
