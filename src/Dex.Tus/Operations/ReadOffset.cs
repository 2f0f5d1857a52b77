using Dex.Tus.Lifecycle;
using Dex.Tus.Locking;
using Dex.Tus.Stores;

namespace Dex.Tus.Operations;

/// <summary>Tells how far an upload has come: true for the moment it is told, since whoever was writing has let go (spec: tus.md 3.3, LK2).</summary>
internal sealed class ReadOffset(IUploadStore store, UploadLocks locks, UploadExpiration expiration, MissingUploads missing)
{
    /// <param name="patience">Fires when the wait for the lock is over.</param>
    public async ValueTask<(Upload? Upload, TusError? Error)> ExecuteAsync(string uploadId, CancellationToken patience, CancellationToken cancellationToken)
    {
        await using var held = await locks.AcquireAsync(uploadId, patience);
        if (held is null)
            return (null, TusErrors.UploadLocked);
        if (await store.FindAsync(uploadId, cancellationToken) is not { } upload)
            return (null, await missing.ExplainAsync(uploadId, cancellationToken));
        return expiration.HasEnded(upload) ? (null, TusErrors.UploadExpired) : (upload, null);
    }
}
