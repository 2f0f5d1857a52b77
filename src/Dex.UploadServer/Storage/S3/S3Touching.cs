namespace Dex.UploadServer.Storage.S3;

/// <summary>Writes another time to an upload, whose bytes stay as they are.</summary>
internal sealed class S3Touching(S3Writing shared)
{
    public async Task<S3Upload> TouchAsync(S3Upload upload, DateTimeOffset modifiedAt, CancellationToken cancellationToken)
    {
        var bytes = upload.TailBytes;
        using var tail = await shared.Memory.RentAsync(Math.Max(bytes, 1), cancellationToken);
        if (bytes > 0)
            await shared.Tails.ReadAsync(upload.Id, upload.Tail!, bytes, tail, cancellationToken);
        var touched = new S3Tail(bytes, "", upload.Finished?.Bytes ?? upload.PartBytes, upload.Checksum, modifiedAt);
        return upload with { Tail = await shared.Tails.PutAsync(upload.Id, upload.Tail, touched, tail.OpenRead, cancellationToken) };
    }
}
