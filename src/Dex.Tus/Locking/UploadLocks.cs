using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dex.Tus.Locking;

/// <summary>The locker as the operations use it: a lock that had to be waited for is counted and told of (spec: reliability.md 13).</summary>
internal sealed partial class UploadLocks(
    IUploadLocker locker, TusMetrics metrics, TimeProvider clock, IOptions<TusOptions> options, ILogger<UploadLocks> logger)
{
    /// <summary>For a request, which waits no longer than the lock time-out. What would limit the wait exists only while there is one.</summary>
    /// <param name="left">Fires when the client has left: it need not be waited for.</param>
    /// <returns>Null if the wait was over first.</returns>
    public async ValueTask<IUploadLock?> AcquireInTimeAsync(string uploadId, CancellationToken left)
    {
        if (await locker.TryAcquireAsync(uploadId, left) is { } free)
            return free;
        using var timeout = new CancellationTokenSource(options.Value.LockTimeout, clock);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, left);
        return await AcquireAsync(uploadId, patience.Token);
    }

    /// <returns>Null if <paramref name="patience"/> ended first.</returns>
    public ValueTask<IUploadLock?> AcquireAsync(string uploadId, CancellationToken patience)
    {
        var acquiring = locker.AcquireAsync(uploadId, patience);
        return acquiring.IsCompletedSuccessfully ? acquiring : WaitAsync(uploadId, acquiring);
    }

    private async ValueTask<IUploadLock?> WaitAsync(string uploadId, ValueTask<IUploadLock?> acquiring)
    {
        var start = clock.GetTimestamp();
        var held = await acquiring;
        if (held is not null)
        {
            var waited = clock.GetElapsedTime(start);
            metrics.TakenOver(waited);
            LogTakenOver(uploadId, (long)waited.TotalMilliseconds);
        }

        return held;
    }

    [LoggerMessage(LogLevel.Information, "upload taken over from another request {uploadId}{waitedMs}")]
    private partial void LogTakenOver(string uploadId, long waitedMs);
}
