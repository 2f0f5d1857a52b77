using Dex.Tus.Lifecycle;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Retention;

/// <summary>Which parts a final upload still waits for, as the store tells it: those stay, however old (spec: tus.md EX3). For one sweep.</summary>
/// <remarks>The store is gone through once, and only when somebody asks.</remarks>
internal sealed class AwaitedParts(IUploadInventory inventory, IUploadStore store, UploadExpiration expiration)
{
    private HashSet<string>? _awaited;

    public async ValueTask<bool> ContainsAsync(string partId, CancellationToken cancellationToken) =>
        (_awaited ??= await FindAsync(cancellationToken)).Contains(partId);

    /// <summary>Whether a final upload can never be complete: a part is gone, or has expired.</summary>
    public async ValueTask<bool> HasLostPartAsync(Upload final, CancellationToken cancellationToken)
    {
        foreach (var partId in final.Parts.Distinct(StringComparer.Ordinal))
        {
            if (await store.FindAsync(partId, cancellationToken) is not { } part || expiration.HasEnded(part))
                return true;
        }

        return false;
    }

    private async ValueTask<HashSet<string>> FindAsync(CancellationToken cancellationToken)
    {
        var awaited = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var uploadId in inventory.ListUnfinishedIdsAsync(cancellationToken))
        {
            try
            {
                if (await store.FindAsync(uploadId, cancellationToken) is { Kind: UploadKind.Final, IsComplete: false } final
                    && !await HasLostPartAsync(final, cancellationToken))
                    awaited.UnionWith(final.Parts);
            }
            catch (InvalidDataException)
            {
                // Whatever it was: nobody can finish it.
            }
        }

        return awaited;
    }
}
