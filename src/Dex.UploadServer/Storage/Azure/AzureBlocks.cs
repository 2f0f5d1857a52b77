using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>The blocks of one file on their way to a blob: nothing is visible of them before all are committed, at once (spec: reliability.md T1, U6).</summary>
/// <remarks>The ids follow from the upload and from how it is cut. So a try that failed leaves what the next one replaces, and never what another upload could commit.</remarks>
internal sealed class AzureBlocks(AzurePlace place, string uploadId, PartPlan plan)
{
    /// <summary>Azure commits no more.</summary>
    public const int MostBlocks = 50_000;

    private const int SeedBytes = 16;

    private readonly byte[] _seed = SHA256.HashData(Encoding.UTF8.GetBytes($"{uploadId} {plan.Length} {plan.PartBytes}"))[..SeedBytes];

    public AzurePlace Place => place;

    private IEnumerable<string> Ids => Enumerable.Range(0, plan.Count).Select(IdOf);

    /// <summary>Sends a block; as often as it takes, for the same id and bytes are the same block. What arrives damaged is refused.</summary>
    public Task PutAsync(FilledPart part, Action<int> moved, CancellationToken cancellationToken)
    {
        var options = new BlockBlobStageBlockOptions
        {
            TransferValidation = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5, PrecalculatedChecksum = ContentMd5.Of(part.Span) },
        };
        return RepeatAsync(async (blob, token) =>
        {
            using var content = new PartContent(part.Bytes, part.Length, moved);
            return await blob.StageBlockAsync(IdOf(part.Index), content, options, token);
        }, cancellationToken);
    }

    /// <summary>Has the store fetch a block by itself.</summary>
    /// <param name="condition">Version that the source must be, where that can be asked for.</param>
    public Task FetchAsync(int index, Uri source, ETag? condition, CancellationToken cancellationToken)
    {
        var options = new StageBlockFromUriOptions
        {
            SourceRange = new HttpRange(plan.OffsetOf(index), plan.LengthOf(index)),
            SourceConditions = condition is { } tag ? new BlobRequestConditions { IfMatch = tag } : null,
        };
        return RepeatAsync((blob, token) => blob.StageBlockFromUriAsync(source, IdOf(index), options, token), cancellationToken);
    }

    /// <summary>Looks whether all blocks are there with their lengths: a store that fetches from a source that is cut short says nothing.</summary>
    /// <exception cref="StoreCallException">They are not.</exception>
    public async Task RequireStagedAsync(CancellationToken cancellationToken)
    {
        var staged = (await ListAsync(BlockListTypes.Uncommitted, cancellationToken)).UncommittedBlocks
            .DistinctBy(block => block.Name, StringComparer.Ordinal).ToDictionary(block => block.Name, block => block.SizeLong, StringComparer.Ordinal);
        for (var index = 0; index < plan.Count; index++)
        {
            if (!staged.TryGetValue(IdOf(index), out var length) || length != plan.LengthOf(index))
                throw new StoreCallException($"block {index + 1} of {plan.Count} has {length} bytes instead of {plan.LengthOf(index)} after it was fetched");
        }
    }

    /// <summary>Makes the blob visible; as often as it takes, for the same list is the same blob.</summary>
    /// <returns>Its tag; null if no answer said so, although it is there.</returns>
    /// <exception cref="StoreCallException">It has not happened, or nobody knows.</exception>
    public async Task<ETag?> CommitAsync(ObjectMetadata metadata, CancellationToken cancellationToken)
    {
        var ids = Ids.ToList();
        var options = new CommitBlockListOptions { Metadata = metadata.ToDictionary() };
        try
        {
            return (await RepeatAsync((blob, token) => blob.CommitBlockListAsync(ids, options, token), cancellationToken)).Value.ETag;
        }
        catch (StoreCallException lost) when (lost.MayHaveHappened || lost.Failure == StoreFailure.NoMultipartUpload)
        {
            if (await AreCommittedAsync(cancellationToken))
                return null;
            throw;
        }
    }

    /// <summary>Whether the blob is these blocks and nothing else.</summary>
    /// <exception cref="StoreCallException">Nobody can look.</exception>
    public async Task<bool> IsCommittedAsync(CancellationToken cancellationToken)
    {
        var committed = (await ListAsync(BlockListTypes.Committed, cancellationToken)).CommittedBlocks;
        return committed.Select(block => (block.Name, block.SizeLong)).SequenceEqual(Enumerable.Range(0, plan.Count).Select(index => (IdOf(index), plan.LengthOf(index))));
    }

    private async Task<bool> AreCommittedAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await IsCommittedAsync(cancellationToken);
        }
        catch (StoreCallException)
        {
            return false;
        }
    }

    private async Task<BlockList> ListAsync(BlockListTypes which, CancellationToken cancellationToken) =>
        (await RepeatAsync((blob, token) => blob.GetBlockListAsync(which, cancellationToken: token), cancellationToken)).Value;

    private Task<T> RepeatAsync<T>(Func<BlockBlobClient, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        place.Container.RepeatAsync((client, token) => call(client.GetBlockBlobClient(place.Name), token), cancellationToken);

    private string IdOf(int index)
    {
        Span<byte> id = stackalloc byte[SeedBytes + sizeof(int)];
        _seed.CopyTo(id);
        BinaryPrimitives.WriteInt32BigEndian(id[SeedBytes..], index);
        return Convert.ToBase64String(id);
    }
}
