using Dex.Tus.Concatenation;
using Dex.Tus.Lifecycle;
using Dex.Tus.Locking;
using Dex.Tus.Stores;

namespace Dex.Tus.Operations;

/// <summary>Removes an upload for good, whoever was writing to it (spec: tus.md 10).</summary>
internal sealed class TerminateUpload(
    IUploadStore store, UploadLocks locks, LifecycleHooks hooks, UploadExpiration expiration, PendingFinals finals, MissingUploads missing, TusMetrics metrics)
{
    /// <param name="left">Fires when the client has left and the lock need not be waited for.</param>
    /// <returns>Null on success.</returns>
    public async ValueTask<TusError?> ExecuteAsync(string uploadId, CancellationToken left, CancellationToken cancellationToken)
    {
        if (store is not ITerminationStore termination)
            return TusErrors.NotImplemented;

        await using var held = await locks.AcquireInTimeAsync(uploadId, left);
        if (held is null)
            return TusErrors.UploadLocked;
        if (await store.FindAsync(uploadId, cancellationToken) is not { } upload)
            return await missing.ExplainAsync(uploadId, cancellationToken);
        if (expiration.HasEnded(upload))
            return TusErrors.UploadExpired;

        await termination.DeleteAsync(upload, CancellationToken.None);
        finals.Removed(uploadId);
        metrics.UploadTerminated();
        await hooks.TerminatedAsync(upload, CancellationToken.None);
        return null;
    }
}
