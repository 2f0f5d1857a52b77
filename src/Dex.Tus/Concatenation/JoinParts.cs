using Dex.Tus.Lifecycle;
using Dex.Tus.Locking;
using Dex.Tus.Operations;
using Dex.Tus.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dex.Tus.Concatenation;

/// <summary>Joins a final upload whose parts are complete, and finishes it like any other upload (spec: tus.md CC9).</summary>
/// <remarks>
/// The bytes are copied aside under no lock, so nobody waits for them. Complete parts no longer change; that none was removed
/// meanwhile is checked again under the final upload's lock, where it becomes complete in one step.
/// </remarks>
internal sealed partial class JoinParts(
    IUploadStore store, UploadLocks locks, PendingFinals finals, FinishUpload finish, UploadExpiration expiration, IOptions<TusOptions> options, ILogger<JoinParts> logger)
{
    /// <exception cref="IOException">Not joined; it may be tried again.</exception>
    public async Task ExecuteAsync(PendingFinal pending, CancellationToken cancellationToken)
    {
        using var wanted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, pending.Gone);
        if (await store.FindAsync(pending.Id, wanted.Token) is not { IsAwaitingParts: true } final)
        {
            finals.Forget(pending);
            return;
        }

        if (await ReadPartsAsync(pending, final, wanted.Token) is not { } parts)
            return;
        if (!parts.AreComplete)
        {
            await finals.WatchAgainAsync(pending);
            return;
        }

        final = final with { Length = parts.Length };
        await using var joined = await ((IPendingConcatenationStore)store).CopyPartsAsync(final, parts.InOrder, wanted.Token);
        await CompleteAsync(pending, joined, wanted.Token);
    }

    private async Task CompleteAsync(PendingFinal pending, IJoinedParts joined, CancellationToken cancellationToken)
    {
        await using var held = await locks.AcquireAsync(pending.Id, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        if (await store.FindAsync(pending.Id, cancellationToken) is not { IsAwaitingParts: true } final)
        {
            finals.Forget(pending);
            return;
        }

        // Whoever asked since a part was removed was told 410, and that stays true.
        if (await ReadPartsAsync(pending, final, cancellationToken) is null)
            return;
        var upload = await joined.CommitAsync(CancellationToken.None);
        finals.Forget(pending);
        LogJoined(upload.Id, pending.Parts.Count, upload.Offset);
        await finish.ExecuteAsync(upload, CancellationToken.None);
    }

    // Null if the upload can never be complete.
    private async ValueTask<FinalParts?> ReadPartsAsync(PendingFinal pending, Upload final, CancellationToken cancellationToken)
    {
        var parts = await FinalParts.ReadAsync(store, expiration, final.Parts, cancellationToken);
        if (!parts.AreLost(options.Value.MaxSize))
            return parts;
        finals.Forget(pending);
        LogLost(pending.Id, parts switch
        {
            { IsAnyMissing: true } => "a part was removed",
            { IsAnyExpired: true } => "a part has expired",
            { IsAnyRejected: true } => "a part is not what its sender declared",
            _ => "its parts are larger than an upload may be",
        });
        return null;
    }

    [LoggerMessage(LogLevel.Information, "joined a final upload from its parts {uploadId}{parts}{length}")]
    private partial void LogJoined(string uploadId, int parts, long length);

    [LoggerMessage(LogLevel.Warning, "a final upload can never be complete {uploadId}{reason}")]
    private partial void LogLost(string uploadId, string reason);
}
