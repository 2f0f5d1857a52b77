using Azure.Storage;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Sends a source file to a container: a small one at once, a larger one in blocks, several at the same time (spec: delivery.md 9, reliability.md 5).</summary>
internal sealed class AzureBlobWriter(PartPump pump, PartMemory memory, TransferOptions options)
{
    /// <exception cref="DeliverySourceException">The source broke, or is not what was uploaded; nothing is visible.</exception>
    /// <exception cref="StoreCallException">The store failed.</exception>
    public Task WriteAsync(SourceFile source, AzurePlace place, ObjectMetadata metadata, Action<int> moved, CancellationToken cancellationToken) =>
        source.Length <= options.PartBytes
            ? PutAsync(source, place, metadata, moved, cancellationToken)
            : UploadAsync(source, place, metadata, moved, cancellationToken);

    private async Task PutAsync(SourceFile source, AzurePlace place, ObjectMetadata metadata, Action<int> moved, CancellationToken cancellationToken)
    {
        using var file = await WholeFile.ReadAsync(source, memory, moved, cancellationToken);
        var put = new BlobUploadOptions
        {
            Metadata = metadata.ToDictionary(),
            TransferOptions = new StorageTransferOptions { InitialTransferSize = file.Length + 1, MaximumConcurrency = 1 }, // in one request
            TransferValidation = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 },
        };
        var answer = await place.Container.RepeatAsync(async (client, token) =>
        {
            using var content = new PartContent(file.Bytes, file.Length, moved);
            return (await client.GetBlockBlobClient(place.Name).UploadAsync(content, put, token)).Value;
        }, cancellationToken);

        // What the service says of the bytes it has is worth more than another look.
        var md5 = ContentMd5.Of(file.Span);
        if (md5.AsSpan().SequenceEqual(answer.ContentHash))
            return;
        var found = await AzureBlobCheck.LookAsync(place, file.Length, cancellationToken);
        if (found.ContentHash is { Length: > 0 } hash && !md5.AsSpan().SequenceEqual(hash))
            throw new StoreCallException("the blob has another checksum after it was written");
    }

    private async Task UploadAsync(SourceFile source, AzurePlace place, ObjectMetadata metadata, Action<int> moved, CancellationToken cancellationToken)
    {
        var plan = PartPlan.For(source.Length, options.PartBytes, AzureBlocks.MostBlocks);
        var blocks = new AzureBlocks(place, source.UploadId, plan);
        var crc = await pump.RunAsync(source, plan, moved, (part, token) => blocks.PutAsync(part, moved, token), cancellationToken);
        source.RequireUnchanged(crc);
        await AzureBlobCheck.CommitAsync(blocks, metadata, source.Length, cancellationToken);
    }
}
