using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Completes multipart uploads.</summary>
internal sealed class S3Finishing(S3UploadParts multipart, S3Tails tails, TimeProvider clock) : UploadFinishing(tails)
{
    protected override async Task<StoredUpload> CompleteAsync(StoredUpload upload, CancellationToken cancellationToken)
    {
        var parts = upload.Parts;
        var multipartId = S3LongId.MultipartIdOf(upload);
        if (upload.TailBytes is > 0 and var bytes)
        {
            var tail = upload.Tail!;
            parts = parts.Add(await multipart.CopyPartAsync(upload.Id, multipartId, parts.Length + 1, tails.KeyOf(upload.Id), tail.Tag, tail.Bytes - bytes, bytes, cancellationToken));
        }

        var checksum = upload.Checksum;
        if (parts.IsEmpty)
            parts = [await multipart.PutPartAsync(upload.Id, multipartId, 1, 0, () => new MemoryStream(), cancellationToken)];
        await multipart.CompleteAsync(upload.Id, multipartId, parts, cancellationToken);
        return upload with { Parts = [], Stray = [], Finished = new StoredWhole(parts.Sum(part => part.Bytes), clock.GetUtcNow(), checksum) };
    }

    // The multipart upload that a final upload waited with, if its joining was cut off.
    protected override Task TidyAsync(StoredUpload upload, CancellationToken cancellationToken) =>
        upload.Record.Kind == UploadKind.Final
            ? multipart.AbortAsync(upload.Id, S3LongId.MultipartIdOf(upload), cancellationToken)
            : Task.CompletedTask;

    protected override async Task<Stream> OpenAsync(string uploadId, long bytes, CancellationToken cancellationToken) =>
        (await multipart.OpenWholeAsync(uploadId, 0, bytes, cancellationToken)).ResponseStream;
}
