using System.Buffers.Binary;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>The blocks that take uploads' bytes, and the blobs they become (spec: tus.md 19.4).</summary>
internal sealed class AzureUploadBlocks(AzureContainer container, UploadKeys keys)
{
    /// <summary>Azure commits no more.</summary>
    public const int MostBlocks = 50_000;

    /// <summary>Azure's own limit.</summary>
    public const long LargestBlock = 4000L << 20;

    /// <summary>How long blocks stay that are not committed, from the last one on.</summary>
    public static readonly TimeSpan BlockLife = TimeSpan.FromDays(7);

    /// <summary>Newer predecessors put a byte under this number as a mark.</summary>
    private const int MarkerIndex = int.MaxValue;

    /// <summary>Stages a block, in place of what had its number. What arrives damaged is refused.</summary>
    /// <param name="open">Its bytes from the first, for each try.</param>
    public async Task<StoredPart> PutAsync(string uploadId, int number, long bytes, Func<Stream> open, CancellationToken cancellationToken)
    {
        await RepeatAsync(uploadId, async (blob, token) =>
        {
            await using var content = open();
            var options = new BlockBlobStageBlockOptions { TransferValidation = AzureChecksum.Md5 };
            return await blob.StageBlockAsync(IdOf(number), content, options, token);
        }, cancellationToken);
        return new StoredPart(number, bytes, "", DateTimeOffset.MinValue);
    }

    /// <summary>Has the store make a block of bytes that another blob has.</summary>
    public async Task<StoredPart> CopyAsync(string uploadId, int number, Uri source, long first, long bytes, CancellationToken cancellationToken)
    {
        await RepeatAsync(uploadId, (blob, token) => blob.StageBlockFromUriAsync(source, IdOf(number), RangeOf(first, bytes), token), cancellationToken);
        return new StoredPart(number, bytes, "", DateTimeOffset.MinValue);
    }

    /// <summary>The same, tried once.</summary>
    /// <returns>Whether it is there now.</returns>
    public async Task<bool> TryCopyAsync(string uploadId, int number, Uri source, long first, long bytes, CancellationToken cancellationToken)
    {
        try
        {
            await container.OnceAsync((client, token) =>
                client.GetBlockBlobClient(keys.Data(uploadId)).StageBlockFromUriAsync(source, IdOf(number), RangeOf(first, bytes), token), cancellationToken);
            return true;
        }
        catch (StoreCallException)
        {
            return false;
        }
    }

    /// <summary>The blocks there are, whatever their order; of a number that is staged anew, the new one.</summary>
    public async Task<IReadOnlyList<StoredPart>> ListAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            var list = (await RepeatAsync(uploadId, (blob, token) => blob.GetBlockListAsync(BlockListTypes.All, cancellationToken: token), cancellationToken)).Value;
            var blocks = new Dictionary<int, StoredPart>();
            foreach (var block in list.CommittedBlocks.Concat(list.UncommittedBlocks))
            {
                if (NumberOf(block.Name) is { } number)
                    blocks[number] = new StoredPart(number, block.SizeLong, "", DateTimeOffset.MinValue);
            }

            return [.. blocks.Values];
        }
        catch (StoreCallException nothing) when (nothing.Failure == StoreFailure.NotFound)
        {
            return [];
        }
    }

    /// <summary>Makes the blob of these blocks. As often as it takes: the same list is the same blob (spec: reliability.md U6).</summary>
    /// <exception cref="StoreCallException">They are not what they should be: a call that was given up may be carried out late, by when others have taken its place.</exception>
    public async Task CommitAsync(string uploadId, IReadOnlyList<StoredPart> parts, UploadMetadata metadata, CancellationToken cancellationToken)
    {
        var there = (await ListAsync(uploadId, cancellationToken)).ToDictionary(block => block.Number, block => block.Bytes);
        if (parts.Any(part => there.GetValueOrDefault(part.Number, -1) != part.Bytes))
            throw new StoreCallException("blocks of the upload are gone or have changed") { Failure = StoreFailure.ConditionFailed };

        var ids = parts.Select(part => IdOf(part.Number)).ToList();
        var options = new CommitBlockListOptions { Metadata = AzureMetadata.Of(metadata.ToSortedText()).ToDictionary() };
        await RepeatAsync(uploadId, (blob, token) => blob.CommitBlockListAsync(ids, options, token), cancellationToken);
    }

    /// <summary>Base64 of the number from 0 on, in four bytes, the lowest first.</summary>
    public static string IdOf(int number)
    {
        Span<byte> index = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(index, number - 1);
        return Convert.ToBase64String(index);
    }

    // Null for the predecessor's mark, and for blocks that neither server made.
    private static int? NumberOf(string id)
    {
        Span<byte> index = stackalloc byte[sizeof(int)];
        return Convert.TryFromBase64String(id, index, out var length) && length == sizeof(int)
            && BinaryPrimitives.ReadInt32LittleEndian(index) is >= 0 and not MarkerIndex and var found
                ? found + 1
                : null;
    }

    private static StageBlockFromUriOptions RangeOf(long first, long bytes) => new() { SourceRange = new HttpRange(first, bytes) };

    private Task<T> RepeatAsync<T>(string uploadId, Func<BlockBlobClient, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        container.RepeatAsync((client, token) => call(client.GetBlockBlobClient(keys.Data(uploadId)), token), cancellationToken);
}
