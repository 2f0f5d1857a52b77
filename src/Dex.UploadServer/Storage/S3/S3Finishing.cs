using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Makes the object of an upload whose bytes are all stored (spec: tus.md S37). Idempotent.</summary>
internal sealed class S3Finishing(S3UploadParts multipart, S3Tails tails, TimeProvider clock)
{
    /// <summary>An unknown checksum is found out by reading up to so much again; beyond that it stays unknown.</summary>
    private const long ReadAgainBytes = 64L << 20;

    /// <returns>The finished upload, with its checksum if that can be known.</returns>
    public async Task<S3Upload> FinishAsync(S3Upload upload, CancellationToken cancellationToken)
    {
        if (upload.Finished is null)
            upload = await CompleteAsync(upload, cancellationToken);
        else if (upload.Record.Kind == UploadKind.Final)
            await multipart.AbortAsync(upload.Id, upload.MultipartId, cancellationToken); // the one it waited with, if its joining was cut off
        if (upload.Finished!.Checksum?.Whole is null)
            upload = upload with { Finished = upload.Finished with { Checksum = await FindChecksumAsync(upload, cancellationToken) } };
        return await LeaveTailAsync(upload, cancellationToken);
    }

    private async Task<S3Upload> CompleteAsync(S3Upload upload, CancellationToken cancellationToken)
    {
        var parts = upload.Parts;
        if (upload.TailBytes is > 0 and var bytes)
        {
            var tail = upload.Tail!;
            parts = parts.Add(await multipart.CopyPartAsync(upload.Id, upload.MultipartId, parts.Length + 1, tails.KeyOf(upload.Id), tail.Tag, tail.Bytes - bytes, bytes, cancellationToken));
        }

        var checksum = upload.Checksum;
        if (parts.IsEmpty)
            parts = [await multipart.PutPartAsync(upload.Id, upload.MultipartId, 1, 0, () => new MemoryStream(), cancellationToken)];
        await multipart.CompleteAsync(upload.Id, upload.MultipartId, parts, cancellationToken);
        return upload with { Parts = [], Stray = [], Finished = new S3Whole(parts.Sum(part => part.Bytes), clock.GetUtcNow(), checksum) };
    }

    private async Task<RunningChecksum?> FindChecksumAsync(S3Upload upload, CancellationToken cancellationToken)
    {
        var whole = upload.Finished!;
        var (known, unread) = whole.Checksum is { } running ? (running, running.From) : (RunningChecksum.Start(whole.Bytes), whole.Bytes);
        if (unread > ReadAgainBytes)
            return null;
        return known.After(unread == 0 ? 0 : await ReadAsync(upload.Id, unread, cancellationToken), whole.Bytes);
    }

    private async Task<uint> ReadAsync(string uploadId, long bytes, CancellationToken cancellationToken)
    {
        using var answer = await multipart.OpenWholeAsync(uploadId, 0, bytes, cancellationToken);
        var block = new byte[(int)Math.Min(bytes, 128 * 1024)];
        var crc = 0u;
        for (var left = bytes; left > 0;)
        {
            var read = await answer.ResponseStream.ReadAsync(block.AsMemory(0, (int)Math.Min(block.Length, left)), cancellationToken);
            if (read == 0)
                throw new EndOfStreamException("an upload's object ends too early");
            crc = Crc32C.Append(crc, block.AsSpan(0, read));
            left -= read;
        }

        return crc;
    }

    // That of a part stays, empty: it keeps the checksum for the joining, and tells a sweep that the object is that of a part.
    private async Task<S3Upload> LeaveTailAsync(S3Upload upload, CancellationToken cancellationToken)
    {
        var whole = upload.Finished!;
        if (upload.Record.Kind == UploadKind.Partial)
        {
            if (upload.Tail is { Bytes: 0 } kept && kept.End == whole.Bytes && kept.Checksum == whole.Checksum)
                return upload;
            var tail = new S3Tail(0, "", whole.Bytes, whole.Checksum, whole.StoredAt);
            return upload with { Tail = await tails.PutAsync(upload.Id, upload.Tail, tail, () => new MemoryStream(), cancellationToken) };
        }

        if (upload.Tail is not null)
            await tails.DeleteAsync(upload.Id, cancellationToken);
        return upload with { Tail = null };
    }
}
