using System.Collections.Immutable;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Stages the bytes of a final upload as blocks of its blob, which nobody sees before they are committed (spec: tus.md 11, SA6).</summary>
/// <remarks>Large pieces are copied within the store, by an address that only it is told; what is small is read and sent, and all of it where we may not make such an address.</remarks>
internal sealed class AzureJoining(AzureContainer container, UploadKeys keys, AzureUploadBlocks blocks, AzureUploadBlobs blobs, AzureUploads uploads, PartPool memory, PartSizes sizes)
{
    private const int AtOnce = 8;
    private const long CopyBytes = 256L << 20;
    private static readonly TimeSpan s_addressLife = TimeSpan.FromHours(6);

    /// <summary>Copies the parts' bytes; leaves nothing behind when it fails.</summary>
    public async Task<AzureJoined> JoinAsync(string uploadId, UploadMetadata metadata, long length, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        var sources = await JoinSources.FindAsync(parts, length, uploads.FindAsync, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        var joined = new AzureJoined(uploadId, metadata, length, sources.Checksum, blocks, blobs);
        try
        {
            joined.Blocks = await StageAsync(uploadId, sources, cancellationToken);
            return joined;
        }
        catch
        {
            await joined.GiveUpAsync();
            throw;
        }
    }

    private async Task<IReadOnlyList<StoredPart>> StageAsync(string uploadId, JoinSources sources, CancellationToken cancellationToken)
    {
        var addresses = await FindAddressesAsync(sources, cancellationToken);
        var plan = PlanOf(sources, CopyBytes);
        var first = 1;
        if (addresses is null || !await CanCopyAsync(uploadId, sources, plan, addresses, cancellationToken))
            (addresses, first, plan) = (null, plan.Length + 1, PlanOf(sources, sizes.Usual)); // a copy that is late must not take the place of what is sent

        var stored = new StoredPart[plan.Length];
        await Parallel.ForAsync(0, plan.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (i, token) =>
        {
            stored[i] = plan[i].IsCopy && addresses is not null
                ? await blocks.CopyAsync(uploadId, first + i, addresses[sources.IdOf(plan[i].Pieces[0])], plan[i].Pieces[0].First, plan[i].Bytes, token)
                : await SendAsync(uploadId, first + i, sources, plan[i], token);
        });
        return stored;
    }

    private ImmutableArray<JoinPart> PlanOf(JoinSources sources, long largest) =>
        JoinPlan.Of(sources.Lengths, sizes.Least, largest, AzureUploadBlocks.MostBlocks);

    // The first piece tells, without patience: behind a fire wall a store may not reach itself by its address, and an emulator may not know how.
    private async Task<bool> CanCopyAsync(
        string uploadId, JoinSources sources, ImmutableArray<JoinPart> plan, Dictionary<string, Uri> addresses, CancellationToken cancellationToken)
    {
        for (var i = 0; i < plan.Length; i++)
        {
            if (plan[i].IsCopy)
                return await blocks.TryCopyAsync(uploadId, i + 1, addresses[sources.IdOf(plan[i].Pieces[0])], plan[i].Pieces[0].First, plan[i].Bytes, cancellationToken);
        }

        return true;
    }

    private async Task<Dictionary<string, Uri>?> FindAddressesAsync(JoinSources sources, CancellationToken cancellationToken)
    {
        var addresses = new Dictionary<string, Uri>(StringComparer.Ordinal);
        foreach (var id in sources.Uploads.Select(source => source.Id).Distinct(StringComparer.Ordinal))
        {
            if (await container.Connection.Sas.ReadAddressAsync(container.Name, keys.Data(id), s_addressLife, cancellationToken) is not { } address)
                return null;
            addresses.Add(id, address);
        }

        return addresses;
    }

    private async Task<StoredPart> SendAsync(string uploadId, int number, JoinSources sources, JoinPart part, CancellationToken cancellationToken)
    {
        using var buffer = await memory.RentAsync(part.Bytes, cancellationToken);
        foreach (var (piece, times) in sources.RunsOf(part))
        {
            var start = buffer.Length;
            await container.Connection.RepeatAsync(async (_, token) =>
            {
                buffer.CutTo(start);
                await ReadAsync(sources.IdOf(piece), piece, buffer, token);
                return true;
            }, cancellationToken);
            for (var i = 1; i < times; i++)
                buffer.AppendCopy(start, piece.Bytes);
        }

        return await blocks.PutAsync(uploadId, number, buffer.Length, buffer.OpenRead, cancellationToken);
    }

    private async Task ReadAsync(string sourceId, JoinPiece piece, PooledPart into, CancellationToken cancellationToken)
    {
        await using var stream = await blobs.OpenAsync(sourceId, piece.First, piece.Bytes, cancellationToken);
        await into.FillAsync(stream, piece.Bytes, cancellationToken);
    }
}

/// <summary>Staged bytes that wait to become the blob of a final upload.</summary>
internal sealed class AzureJoined(string uploadId, UploadMetadata metadata, long length, RunningChecksum? checksum, AzureUploadBlocks blocks, AzureUploadBlobs blobs)
{
    public IReadOnlyList<StoredPart> Blocks { get; set; } = [];

    public long Length => length;

    public RunningChecksum? Checksum => checksum;

    /// <summary>Makes them the blob, in one step.</summary>
    public Task CompleteAsync(CancellationToken cancellationToken) => blocks.CommitAsync(uploadId, Blocks, metadata, cancellationToken);

    /// <summary>Removes them, unless they are the blob.</summary>
    public async Task GiveUpAsync()
    {
        try
        {
            await blobs.DiscardBlocksAsync(uploadId, CancellationToken.None);
        }
        catch (StoreCallException)
        {
            // They vanish by themselves.
        }
    }
}

/// <summary>Staged bytes for a final upload that exists already.</summary>
internal sealed class AzurePendingJoin(AzureJoined joined, Func<AzureJoined, CancellationToken, Task<Upload>> commit) : IJoinedParts
{
    private bool _committed;

    public async ValueTask<Upload> CommitAsync(CancellationToken cancellationToken)
    {
        var upload = await commit(joined, cancellationToken);
        _committed = true;
        return upload;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_committed)
            await joined.GiveUpAsync();
    }
}
