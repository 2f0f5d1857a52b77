using Dex.Tus.Lifecycle;
using Dex.Tus.Stores;

namespace Dex.Tus.Operations;

/// <summary>Finishes an upload whose bytes are all stored: flush, the host's record, then the news of it. Idempotent (spec: tus.md ST4, reliability.md Q1).</summary>
internal sealed class FinishUpload(IUploadStore store, LifecycleHooks hooks, TusMetrics metrics, TimeProvider clock)
{
    /// <summary>Under the upload's lock.</summary>
    /// <exception cref="IOException">Not finished; the request is answered 500 and the host repairs it by itself.</exception>
    public async ValueTask<Upload> ExecuteAsync(Upload upload, CancellationToken cancellationToken)
    {
        var stored = upload;
        var start = clock.GetTimestamp();
        try
        {
            upload = await store.FinishAsync(upload, cancellationToken);
            metrics.Flushed(clock.GetElapsedTime(start));
            if (upload.Kind != UploadKind.Final)
                metrics.UploadFinished();
            await hooks.FinishingAsync(upload, cancellationToken);
            return upload;
        }
        catch (Exception)
        {
            // From now on HEAD says that it is complete, so it must become so without the client.
            hooks.Unsettled(stored);
            throw;
        }
    }

    /// <summary>For a request that finds the upload complete already: makes sure that what follows from it is recorded, without counting it again.</summary>
    public async ValueTask ConfirmAsync(Upload upload, CancellationToken cancellationToken) =>
        await hooks.FinishingAsync(await store.FinishAsync(upload, cancellationToken), cancellationToken);
}
