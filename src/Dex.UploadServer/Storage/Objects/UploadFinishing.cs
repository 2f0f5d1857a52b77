using Dex.Tus.Receiving;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Makes the object of an upload whose bytes are all stored (spec: tus.md S37, SA5). Idempotent.</summary>
internal abstract class UploadFinishing(IUploadTails tails)
{
    /// <summary>An unknown checksum is found out by reading up to so much again; beyond that it stays unknown.</summary>
    private const long ReadAgainBytes = 64L << 20;

    /// <returns>The finished upload, with its checksum if that can be known.</returns>
    public async Task<StoredUpload> FinishAsync(StoredUpload upload, CancellationToken cancellationToken)
    {
        if (upload.Finished is null)
            upload = await CompleteAsync(upload, cancellationToken);
        else
            await TidyAsync(upload, cancellationToken);
        if (upload.Finished!.Checksum?.Whole is null)
            upload = upload with { Finished = upload.Finished with { Checksum = await FindChecksumAsync(upload, cancellationToken) } };
        return await LeaveTailAsync(upload, cancellationToken);
    }

    /// <summary>Makes the object.</summary>
    protected abstract Task<StoredUpload> CompleteAsync(StoredUpload upload, CancellationToken cancellationToken);

    /// <summary>Does what a completion that was cut off may have left undone.</summary>
    protected abstract Task TidyAsync(StoredUpload upload, CancellationToken cancellationToken);

    /// <summary>Reads the object from its start; the stream ends with an exception where it is cut.</summary>
    protected abstract Task<Stream> OpenAsync(string uploadId, long bytes, CancellationToken cancellationToken);

    private async Task<RunningChecksum?> FindChecksumAsync(StoredUpload upload, CancellationToken cancellationToken)
    {
        var whole = upload.Finished!;
        var (known, unread) = whole.Checksum is { } running ? (running, running.From) : (RunningChecksum.Start(whole.Bytes), whole.Bytes);
        if (unread > ReadAgainBytes)
            return null;
        return known.After(unread == 0 ? 0 : await ReadAsync(upload.Id, unread, cancellationToken), whole.Bytes);
    }

    private async Task<uint> ReadAsync(string uploadId, long bytes, CancellationToken cancellationToken)
    {
        await using var content = await OpenAsync(uploadId, bytes, cancellationToken);
        var block = new byte[(int)Math.Min(bytes, 128 * 1024)];
        var crc = 0u;
        for (var left = bytes; left > 0;)
        {
            var read = await content.ReadAsync(block.AsMemory(0, (int)Math.Min(block.Length, left)), cancellationToken);
            if (read == 0)
                throw new EndOfStreamException("an upload's object ends too early");
            crc = Crc32C.Append(crc, block.AsSpan(0, read));
            left -= read;
        }

        return crc;
    }

    // That of a part stays, empty: it keeps the checksum for the joining, and tells a sweep that the object is that of a part.
    private async Task<StoredUpload> LeaveTailAsync(StoredUpload upload, CancellationToken cancellationToken)
    {
        var whole = upload.Finished!;
        if (upload.Record.Kind == UploadKind.Partial)
        {
            if (upload.Tail is { Bytes: 0 } kept && kept.End == whole.Bytes && kept.Checksum == whole.Checksum)
                return upload;
            var tail = new UploadTail(0, "", whole.Bytes, whole.Checksum, whole.StoredAt);
            return upload with { Tail = await tails.PutAsync(upload.Id, upload.Tail, tail, () => new MemoryStream(), cancellationToken) };
        }

        if (upload.Tail is not null)
            await tails.DeleteAsync(upload.Id, cancellationToken);
        return upload with { Tail = null };
    }
}
