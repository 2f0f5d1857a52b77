using Dex.Tus.Concatenation;
using Dex.Tus.Lifecycle;
using Dex.Tus.Locking;
using Dex.Tus.Stores;
using Microsoft.Extensions.Options;

namespace Dex.Tus.Operations;

/// <summary>Tells how far an upload has come: true for the moment it is told, since whoever was writing has let go (spec: tus.md 3.3, LK2).</summary>
internal sealed class ReadOffset(
    IUploadStore store, UploadLocks locks, UploadExpiration expiration, PendingFinals finals, MissingUploads missing, IOptions<TusOptions> options)
{
    public async ValueTask<(Upload? Upload, TusError? Error)> ExecuteAsync(string uploadId, CancellationToken cancellationToken)
    {
        await using var held = await locks.AcquireInTimeAsync(uploadId, cancellationToken);
        if (held is null)
            return (null, TusErrors.UploadLocked);
        if (await store.FindAsync(uploadId, cancellationToken) is not { } upload)
            return (null, await missing.ExplainAsync(uploadId, cancellationToken));
        if (expiration.HasEnded(upload))
            return (null, TusErrors.UploadExpired);
        return upload.IsAwaitingParts ? await ReadPartsAsync(upload, cancellationToken) : (upload, null);
    }

    // As long as it waits, its parts know its length better than its record does.
    private async ValueTask<(Upload? Upload, TusError? Error)> ReadPartsAsync(Upload final, CancellationToken cancellationToken)
    {
        var parts = await FinalParts.ReadAsync(store, expiration, final.Parts, cancellationToken);
        if (parts.AreLost(options.Value.MaxSize))
            return (null, TusErrors.UploadExpired);
        await finals.WatchAsync(final);
        return (final with { Length = parts.Length }, null);
    }
}
