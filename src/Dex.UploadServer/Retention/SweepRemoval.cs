using Dex.Tus.Concatenation;
using Dex.Tus.Locking;
using Dex.Tus.Stores;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Uploads;

namespace Dex.UploadServer.Retention;

/// <summary>Removes one thing that a sweep has found, unless a request is at work on it or it is no longer what it was.</summary>
internal sealed partial class SweepRemoval(
    SweepSurvey survey, IUploadStore store, ILeftoverStore leftovers, IUploadLocker locker, PendingFinals finals, ILedger ledger,
    UploadMetrics uploads, TimeProvider clock, ILogger<SweepRemoval> logger)
{
    /// <returns>Whether it is gone; false if it stays.</returns>
    public async Task<bool> RemoveAsync(SweepFinding finding, CancellationToken cancellationToken)
    {
        if (finding.UploadId is not { } uploadId)
            return await leftovers.RemoveAsync(finding.Leftover!, cancellationToken);
        await using var held = await locker.TryAcquireAsync(uploadId, cancellationToken);
        if (held is null)
            return false;
        return finding.Leftover is { } leftover
            ? await leftovers.RemoveAsync(leftover, cancellationToken)
            : await RemoveUploadAsync(uploadId, finding.Category, cancellationToken);
    }

    /// <summary>Ends in the ledger what is in the store no more, as after a kill in the middle of a removal.</summary>
    public async Task SettleLostAsync(CancellationToken cancellationToken)
    {
        foreach (var uploadId in await ledger.ListUnfinishedAsync(cancellationToken))
        {
            await using var held = await locker.TryAcquireAsync(uploadId, cancellationToken);
            if (held is not null && await IsGoneAsync(uploadId, cancellationToken))
                await EndAsync(uploadId, cancellationToken);
        }
    }

    // The ledger first: until the files are gone it is only told again what it knows.
    private async Task<bool> RemoveUploadAsync(string uploadId, SweepCategory category, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(uploadId, cancellationToken) is not { } upload || !survey.IsStill(category, upload))
            return false;
        await EndAsync(uploadId, cancellationToken);
        await ((ITerminationStore)store).DeleteAsync(upload, CancellationToken.None);
        finals.Removed(uploadId);
        LogRemoved(uploadId, SweepReport.NameOf(category), upload.Offset, upload.ModifiedAt);
        return true;
    }

    private async Task EndAsync(string uploadId, CancellationToken cancellationToken)
    {
        if (await ledger.ExpireUploadAsync(uploadId, clock.GetUtcNow(), cancellationToken))
            uploads.Ended();
    }

    private async Task<bool> IsGoneAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            return await store.FindAsync(uploadId, cancellationToken) is null;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Information, "upload removed by the sweep {uploadId}{category}{offset}{lastByteAt}")]
    private partial void LogRemoved(string uploadId, string category, long offset, DateTimeOffset lastByteAt);
}
