using Dex.Tus.Concatenation;
using Dex.Tus.Digests;
using Dex.Tus.Stores;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Reports;

namespace Dex.UploadServer.Uploads;

/// <summary>
/// In the background after a start: every upload that is stored in full and not recorded as complete is made so, and what a
/// predecessor left undelivered is taken over (spec: reliability.md Q2 and E1, reports-and-events.md 9.1). Final uploads that
/// wait for their parts wait on (spec: tus.md CC9).
/// </summary>
internal sealed partial class StartReconciliation(
    IUploadInventory inventory, IUploadStore store, ILedger ledger, ReportArchive archive, PredecessorAdoption adoption, DigestVerification digests,
    CompletionRepair repair, PendingFinals finals, UploadMetrics metrics, TimeProvider clock, ILogger<StartReconciliation> logger) : BackgroundService
{
    private const int BatchSize = 500;
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    private readonly List<string> _postponed = [];

    /// <summary>Goes through the store once, and then through what failed again and again until it works.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var repaired = 0;
        var batch = new List<string>(BatchSize);
        await foreach (var uploadId in inventory.ListIdsAsync(cancellationToken))
        {
            batch.Add(uploadId);
            if (batch.Count < BatchSize)
                continue;
            repaired += await ReconcileAsync(batch, cancellationToken);
            batch.Clear();
        }

        repaired += await ReconcileAsync(batch, cancellationToken);
        LogDone(repaired);
        for (var wait = FirstWait; _postponed.Count > 0; wait = wait * 2 < LongestWait ? wait * 2 : LongestWait)
        {
            await Task.Delay(wait, clock, cancellationToken);
            string[] again = [.. _postponed];
            _postponed.Clear();
            await ReconcileAsync(again, cancellationToken);
        }

        finals.AllFound();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            metrics.Started((await ledger.ListUnfinishedAsync(stoppingToken)).Count);
            await RunAsync(stoppingToken);
        }
        catch (Exception error)
        {
            // Uploads that were not looked at wait for the next start, or for their client. Whatever a stop broke off is no failure.
            if (!stoppingToken.IsCancellationRequested)
                LogStopped(error);
        }
    }

    private async Task<int> ReconcileAsync(IReadOnlyCollection<string> uploadIds, CancellationToken cancellationToken)
    {
        var repaired = 0;
        IReadOnlySet<string> ended;
        try
        {
            ended = await ledger.FilterEndedAsync(uploadIds, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogPostponed(uploadIds.Count, error);
            _postponed.AddRange(uploadIds);
            return 0;
        }

        foreach (var uploadId in uploadIds)
        {
            if (ended.Contains(uploadId))
                continue;
            try
            {
                repaired += await ReconcileAsync(uploadId, cancellationToken) ? 1 : 0;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogPostponed(1, error);
                _postponed.Add(uploadId);
            }
        }

        return repaired;
    }

    private async Task<bool> ReconcileAsync(string uploadId, CancellationToken cancellationToken)
    {
        if (await FindReadableAsync(uploadId, cancellationToken) is not { } upload)
            return false;
        await finals.WatchAsync(upload);
        if (!upload.IsComplete)
            return false;

        var history = await archive.ReadAsync(uploadId, cancellationToken);
        if (history.CompletedAt is not null && upload.Kind != UploadKind.Partial)
            await adoption.AdoptAsync(await digests.VerifyAsync(upload, cancellationToken), history, cancellationToken);
        else
            await repair.RepairAsync(uploadId, cancellationToken);
        return true;
    }

    private async Task<Upload?> FindReadableAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            return await store.FindAsync(uploadId, cancellationToken);
        }
        catch (InvalidDataException error)
        {
            LogSkipped(uploadId, error); // one bad record stops neither the start nor the others
            return null;
        }
    }

    [LoggerMessage(LogLevel.Information, "reconciled uploads with the ledger {repaired}")]
    private partial void LogDone(int repaired);

    [LoggerMessage(LogLevel.Error, "reconciliation of uploads stopped")]
    private partial void LogStopped(Exception error);

    [LoggerMessage(LogLevel.Error, "uploads are not reconciled yet {uploads}")]
    private partial void LogPostponed(int uploads, Exception error);

    [LoggerMessage(LogLevel.Error, "upload cannot be reconciled {uploadId}")]
    private partial void LogSkipped(string uploadId, Exception error);
}
