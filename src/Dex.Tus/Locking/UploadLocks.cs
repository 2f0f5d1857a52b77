using Microsoft.Extensions.Logging;

namespace Dex.Tus.Locking;

/// <summary>The locker as the operations use it: a lock that had to be waited for is counted and told of (spec: reliability.md 13).</summary>
internal sealed partial class UploadLocks(IUploadLocker locker, TusMetrics metrics, TimeProvider clock, ILogger<UploadLocks> logger)
{
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
