using System.Collections.Concurrent;
using System.Threading.Channels;
using Dex.Tus.Concatenation;
using Dex.Tus.Digests;
using Dex.Tus.Locking;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Uploads;

/// <summary>Makes complete what was stored in full and not recorded: after a crash, at start; after a failed record, until it works (spec: reliability.md Q2, tus.md SH4).</summary>
internal sealed partial class CompletionRepair(
    IUploadStore store, IUploadLocker locker, DigestVerification digests, PendingFinals finals, CompletionRecorder completion, UploadMetrics metrics,
    TimeProvider clock, ILogger<CompletionRepair> logger) : BackgroundService
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    private readonly Channel<string> _owed = Channel.CreateUnbounded<string>();
    private readonly ConcurrentDictionary<string, bool> _waiting = new(StringComparer.Ordinal);

    /// <summary>Repairs an upload in the background, again and again until it works.</summary>
    public void TryLater(string uploadId)
    {
        if (_waiting.TryAdd(uploadId, true))
            _owed.Writer.TryWrite(uploadId);
    }

    /// <summary>Records the upload if it is stored in full; anything else is left alone.</summary>
    public async Task RepairAsync(string uploadId, CancellationToken cancellationToken)
    {
        // Looked at before the lock is asked for: a client that goes on with its upload must not be interrupted.
        if (await store.FindAsync(uploadId, cancellationToken) is not { IsComplete: true })
            return;
        await using var held = await locker.AcquireAsync(uploadId, cancellationToken);
        if (held is null || await store.FindAsync(uploadId, cancellationToken) is not { IsComplete: true } upload)
            return;

        using var scope = logger.BeginUploadScope(uploadId);
        upload = await digests.VerifyAsync(await store.FinishAsync(upload, cancellationToken), cancellationToken);
        await completion.RecordAsync(upload, cancellationToken);
        metrics.Recovered();
        LogRepaired();
        if (upload.Kind == UploadKind.Partial)
            _ = finals.PartCompleted(uploadId); // the request that should have said so failed
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var wait = TimeSpan.FromMilliseconds(200);
        await foreach (var uploadId in _owed.Reader.ReadAllAsync(stoppingToken))
        {
            _waiting.TryRemove(uploadId, out _);
            try
            {
                await RepairAsync(uploadId, stoppingToken);
                wait = TimeSpan.FromMilliseconds(200);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(uploadId, error);
                TryLater(uploadId);
                await Task.Delay(wait, clock, stoppingToken);
                wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "recovered completion")]
    private partial void LogRepaired();

    [LoggerMessage(LogLevel.Error, "completion is still not recorded {uploadId}")]
    private partial void LogFailed(string uploadId, Exception error);
}
