using Dex.UploadServer.Reports;

namespace Dex.UploadServer.Info;

/// <summary>A predecessor's uploads, from its report files.</summary>
internal sealed class ArchivedReports(ReportArchive archive) : IPredecessorReports
{
    public async ValueTask<PredecessorHistory?> FindAsync(string uploadId, CancellationToken cancellationToken) =>
        await archive.ReadAsync(uploadId, cancellationToken) is { IsEmpty: false } found
            ? new PredecessorHistory(found.CompletedAt, found.Attempts)
            : null;
}
