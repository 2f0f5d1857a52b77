using System.Runtime.CompilerServices;
using Dex.Tus;
using Dex.Tus.Lifecycle;
using Dex.Tus.Stores;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Retention;

/// <summary>Finds what may be removed from the upload store. Changes nothing, and may run beside any number of servers.</summary>
internal sealed class SweepSurvey(
    IUploadInventory inventory, IUploadStore store, ILeftoverStore leftovers, UploadExpiration expiration,
    IOptions<RetentionOptions> retention, IOptions<TusOptions> tus, TimeProvider clock)
{
    private readonly RetentionOptions _options = retention.Value;

    /// <summary>Everything there is, as it comes: the store may hold any number of uploads.</summary>
    public async IAsyncEnumerable<SweepFinding> FindAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (expiration.IsOn || _options.PartRetention is not null)
        {
            var awaited = new AwaitedParts(inventory, store, expiration);
            await foreach (var uploadId in inventory.ListUnfinishedIdsAsync(cancellationToken))
            {
                if (await LookAtAsync(uploadId, awaited, cancellationToken) is { } finding)
                    yield return finding;
            }
        }

        await foreach (var leftover in leftovers.ListLeftoversAsync(clock.GetUtcNow() - _options.LeftoverAge, cancellationToken))
            yield return SweepFinding.Of(leftover);
    }

    /// <summary>Whether an upload still is what it was found to be. Asked under its lock.</summary>
    /// <remarks>That no final upload waits for a part was asked a moment ago.</remarks>
    public bool IsStill(SweepCategory category, Upload upload) => category switch
    {
        SweepCategory.Expired => expiration.HasEnded(upload),
        SweepCategory.Final => upload is { Kind: UploadKind.Final, IsComplete: false },
        SweepCategory.Part => IsOldPart(upload),
        _ => false,
    };

    private async ValueTask<SweepFinding?> LookAtAsync(string uploadId, AwaitedParts awaited, CancellationToken cancellationToken)
    {
        try
        {
            return await store.FindAsync(uploadId, cancellationToken) is { } upload && await JudgeAsync(upload, awaited, cancellationToken) is { } category
                ? new SweepFinding(category, uploadId, upload.Offset)
                : null;
        }
        catch (Exception unreadable) when (unreadable is InvalidDataException or IOException)
        {
            return new SweepFinding(SweepCategory.Unreadable, uploadId, 0);
        }
    }

    private async ValueTask<SweepCategory?> JudgeAsync(Upload upload, AwaitedParts awaited, CancellationToken cancellationToken)
    {
        if (expiration.HasEnded(upload))
            return SweepCategory.Expired;
        if (IsOldPart(upload))
            return await awaited.ContainsAsync(upload.Id, cancellationToken) ? null : SweepCategory.Part;
        return upload is { Kind: UploadKind.Final, IsComplete: false } && IsOlderThan(upload, tus.Value.Expiration) && await awaited.HasLostPartAsync(upload, cancellationToken)
            ? SweepCategory.Final
            : null;
    }

    private bool IsOldPart(Upload upload) => upload is { Kind: UploadKind.Partial, IsComplete: true } && IsOlderThan(upload, _options.PartRetention);

    private bool IsOlderThan(Upload upload, TimeSpan? age) => clock.GetUtcNow() - upload.ModifiedAt >= age;
}
