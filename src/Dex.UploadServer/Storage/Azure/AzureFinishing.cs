using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Commits blocks, with the manifest as the blob's metadata in the same step.</summary>
internal sealed class AzureFinishing(AzureUploadBlocks blocks, AzureUploadBlobs blobs, AzureTails tails, PartPool memory, TimeProvider clock) : UploadFinishing(tails)
{
    protected override async Task<StoredUpload> CompleteAsync(StoredUpload upload, CancellationToken cancellationToken)
    {
        var parts = upload.Parts;
        if (upload.TailBytes is > 0 and var bytes)
        {
            using var rest = await memory.RentAsync(bytes, cancellationToken);
            await tails.ReadAsync(upload.Id, upload.Tail!, bytes, rest, cancellationToken);
            parts = parts.Add(await blocks.PutAsync(upload.Id, parts.Length + 1, bytes, rest.OpenRead, cancellationToken));
        }

        await blocks.CommitAsync(upload.Id, parts, upload.Record.Metadata, cancellationToken);
        return upload with { Parts = [], Stray = [], Finished = new StoredWhole(upload.Offset, clock.GetUtcNow(), upload.Checksum) };
    }

    // The predecessor commits first, and describes then.
    protected override Task TidyAsync(StoredUpload upload, CancellationToken cancellationToken) =>
        blobs.DescribeAsync(upload.Id, upload.Record.Metadata, cancellationToken);

    protected override Task<Stream> OpenAsync(string uploadId, long bytes, CancellationToken cancellationToken) => blobs.OpenAsync(uploadId, 0, bytes, cancellationToken);
}
