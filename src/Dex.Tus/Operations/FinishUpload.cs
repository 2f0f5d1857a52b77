using Dex.Tus.Concatenation;
using Dex.Tus.Digests;
using Dex.Tus.Lifecycle;
using Dex.Tus.Stores;

namespace Dex.Tus.Operations;

/// <summary>Finishes an upload whose bytes are all stored: flush, the host's record, then the news of it. Idempotent (spec: tus.md ST4, reliability.md Q1).</summary>
internal sealed class FinishUpload(
    IUploadStore store, DigestVerification digests, LifecycleHooks hooks, PendingFinals finals, TusMetrics metrics, TimeProvider clock)
{
    /// <summary>How long the request that completes the last part waits for the whole: enough for a small one to be there when it is answered.</summary>
    private static readonly TimeSpan JoiningWait = TimeSpan.FromMilliseconds(250);

    /// <summary>Under the upload's lock.</summary>
    /// <returns>The finished upload; it may be rejected.</returns>
    /// <exception cref="IOException">Not finished; the request is answered 500 and the host repairs it by itself.</exception>
    public ValueTask<Upload> ExecuteAsync(Upload upload, CancellationToken cancellationToken) => ExecuteAsync(upload, null, null, cancellationToken);

    /// <inheritdoc cref="ExecuteAsync(Upload, CancellationToken)"/>
    /// <param name="upload">Every byte of it is stored.</param>
    /// <param name="arrived">Digests that ran along while its bytes arrived.</param>
    /// <param name="wanted">A digest to be told to the client.</param>
    public async ValueTask<Upload> ExecuteAsync(Upload upload, RunningDigests? arrived, DigestAlgorithm? wanted, CancellationToken cancellationToken)
    {
        var stored = upload;
        var start = clock.GetTimestamp();
        try
        {
            upload = await store.FinishAsync(upload, cancellationToken);
            metrics.Flushed(clock.GetElapsedTime(start));
            upload = await digests.VerifyAsync(upload, arrived, wanted, cancellationToken);
            if (upload.Kind != UploadKind.Final)
                metrics.UploadFinished();
            await hooks.FinishingAsync(upload, cancellationToken);
        }
        catch (Exception)
        {
            // From now on HEAD says that it is complete, so it must become so without the client.
            hooks.Unsettled(stored);
            throw;
        }

        await TellFinalsAsync(upload);
        return upload;
    }

    /// <summary>For a request that finds the upload complete already: makes sure that what follows from it is recorded, without counting it again.</summary>
    public async ValueTask<Upload> ConfirmAsync(Upload upload, CancellationToken cancellationToken)
    {
        upload = await digests.VerifyAsync(await store.FinishAsync(upload, cancellationToken), cancellationToken);
        await hooks.FinishingAsync(upload, cancellationToken);
        await TellFinalsAsync(upload);
        return upload;
    }

    private ValueTask TellFinalsAsync(Upload upload)
    {
        if (upload.Kind != UploadKind.Partial || finals.PartCompleted(upload.Id) is not { IsCompleted: false } joining)
            return ValueTask.CompletedTask;
        return new ValueTask(Task.WhenAny(joining, Task.Delay(JoiningWait, clock, CancellationToken.None)));
    }
}
