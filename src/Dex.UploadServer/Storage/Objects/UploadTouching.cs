namespace Dex.UploadServer.Storage.Objects;

/// <summary>Writes another time to an upload, whose bytes stay as they are.</summary>
internal static class UploadTouching
{
    public static async Task<StoredUpload> TouchAsync(
        StoredUpload upload, DateTimeOffset modifiedAt, IUploadTails tails, PartPool memory, CancellationToken cancellationToken)
    {
        var bytes = upload.TailBytes;
        using var tail = await memory.RentAsync(Math.Max(bytes, 1), cancellationToken);
        if (bytes > 0)
            await tails.ReadAsync(upload.Id, upload.Tail!, bytes, tail, cancellationToken);
        var touched = upload.NextTail(upload.Checksum, modifiedAt);
        return upload with { Tail = await tails.PutAsync(upload.Id, upload.Tail, touched, tail.OpenRead, cancellationToken) };
    }
}
