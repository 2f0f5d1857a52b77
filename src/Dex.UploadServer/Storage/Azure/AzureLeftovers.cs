using System.Runtime.CompilerServices;
using Azure.Storage.Blobs.Models;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Blobs and blocks that belong to no upload: of killed processes, and of removals that were cut off (spec: storage-layout.md 9.8).</summary>
/// <remarks>Below our prefix, and by the names that this server and its predecessor give. A blob that was committed always stays. A record alone is an upload without bytes, which ends as uploads do.</remarks>
internal sealed class AzureLeftovers(AzureContainer container, UploadKeys keys) : ILeftoverStore
{
    private readonly AzureRecords _records = new(container, keys);
    private readonly AzureTails _tails = new(container, keys);
    private readonly AzureUploadBlobs _blobs = new(container, keys);
    private readonly AzureListing _listing = new(container, keys);

    public async IAsyncEnumerable<Leftover> ListLeftoversAsync(DateTimeOffset before, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var objects in _listing.ListAsync(BlobStates.Uncommitted, cancellationToken))
        {
            foreach (var leftover in await ExamineAsync(objects, before, cancellationToken))
                yield return leftover;
        }
    }

    public async ValueTask<bool> RemoveAsync(Leftover leftover, CancellationToken cancellationToken)
    {
        if (leftover.UploadId is not { } uploadId)
            return false;
        await foreach (var objects in _listing.ListAsync(uploadId, BlobStates.Uncommitted, cancellationToken))
        {
            if (!(await ExamineAsync(objects, DateTimeOffset.MaxValue, cancellationToken)).Contains(leftover))
                return false;
            await (leftover.Kind == LeftoverKind.Side ? _tails.DeleteAsync(uploadId, cancellationToken) : _blobs.DiscardBlocksAsync(uploadId, cancellationToken));
            return true;
        }

        return false;
    }

    private async Task<List<Leftover>> ExamineAsync(UploadObjects objects, DateTimeOffset before, CancellationToken cancellationToken)
    {
        List<Leftover> found = [];
        var id = objects.UploadId;
        if (objects.Record is null)
        {
            if (objects.Tail is { } side && side.StoredAt < before)
                found.Add(Describe(LeftoverKind.Side, id, side));
            if (objects.Data is { } data && data.StoredAt < before && await _blobs.FindAsync(id, cancellationToken) is null)
                found.Add(Describe(LeftoverKind.Temporary, id, data));
        }
        else if (objects is { Data: not null, Tail: { } tail } && tail.StoredAt < before && await IsFinishedAsync(id, cancellationToken))
        {
            found.Add(Describe(LeftoverKind.Side, id, tail));
        }

        return found;
    }

    // A finished part keeps its tail.
    private async Task<bool> IsFinishedAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            return await _records.FindAsync(uploadId, cancellationToken) is { Content: { Kind: not UploadKind.Partial } record }
                && await _blobs.FindAsync(uploadId, cancellationToken) is { } whole
                && (record.Length ?? whole.Bytes) == whole.Bytes;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private Leftover Describe(LeftoverKind kind, string uploadId, ListedObject item) => new(kind, item.Key[keys.Folder.Length..], uploadId, item.Bytes, item.StoredAt);
}
