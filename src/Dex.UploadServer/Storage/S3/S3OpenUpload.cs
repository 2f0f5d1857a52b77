using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>An upload whose parts are those of a multipart upload.</summary>
internal sealed class S3OpenUpload(StoredUpload upload, S3UploadParts multipart, IUploadTails tails) : OpenUpload(upload, tails)
{
    private readonly string _multipartId = S3LongId.MultipartIdOf(upload);

    // Bytes beyond a gap would count as soon as the gap is closed, although others may belong there. From the last one on, since a kill may come.
    public override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        foreach (var number in Upload.Stray.OrderDescending())
            await multipart.PutPartAsync(Upload.Id, _multipartId, number, 0, () => new MemoryStream(), cancellationToken);
        if (!Upload.Stray.IsEmpty)
            Upload = Upload with { Stray = [] };
    }

    public override Task<StoredPart> SendAsync(int number, PooledPart part, CancellationToken cancellationToken) =>
        multipart.PutPartAsync(Upload.Id, _multipartId, number, part.Length, part.OpenRead, cancellationToken);

    public override async Task ReadTailAsync(PooledPart into, long bytes, CancellationToken cancellationToken)
    {
        var tail = Upload.Tail!;
        await base.ReadTailAsync(into, bytes, cancellationToken);

        // The predecessor's does not say where it begins. It must, before a part has its bytes: else a kill would count them twice.
        if (tail.Start is null)
            await PutTailAsync(into, checksum: null, tail.ModifiedAt, cancellationToken);
    }
}
