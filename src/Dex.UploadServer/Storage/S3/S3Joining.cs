using Amazon.S3.Model;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Makes the bytes of a final upload: parts in a multipart upload of its own, which nobody sees (spec: tus.md 11, S39).</summary>
/// <remarks>Large pieces are copied within the store; what is too small to be a part is read and sent.</remarks>
internal sealed class S3Joining(S3Connection connection, UploadKeys keys, S3UploadParts multipart, S3Uploads uploads, PartPool memory, long least)
{
    private const int AtOnce = 8;

    /// <summary>Small enough for several to be copied at the same time, large enough for the longest object.</summary>
    private const long CopyBytes = 600L << 20;

    /// <summary>Uploads of so many bytes together that can be joined for sure: those that are longer than a copy may be need several.</summary>
    public static int MostSources(long bytes) => S3UploadParts.MostParts - (int)(bytes / S3UploadParts.LargestPart) - 1;

    /// <summary>Copies the parts' bytes; leaves nothing behind when it fails.</summary>
    public async Task<S3Joined> JoinAsync(string uploadId, UploadMetadata metadata, long length, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        var sources = await JoinSources.FindAsync(parts, length, uploads.FindAsync, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();

        var multipartId = await multipart.BeginAsync(uploadId, metadata, cancellationToken);
        try
        {
            var stored = await StoreAsync(uploadId, multipartId, sources, cancellationToken);
            return new S3Joined(uploadId, multipartId, stored, length, sources.Checksum, multipart);
        }
        catch
        {
            await multipart.AbortAsync(uploadId, multipartId, CancellationToken.None);
            throw;
        }
    }

    private async Task<IReadOnlyList<StoredPart>> StoreAsync(string uploadId, string multipartId, JoinSources sources, CancellationToken cancellationToken)
    {
        var lengths = sources.Lengths;
        var fits = lengths.Length + (lengths.Sum() / CopyBytes) <= S3UploadParts.MostParts;
        var plan = JoinPlan.Of(lengths, least, fits ? CopyBytes : S3UploadParts.LargestPart, S3UploadParts.MostParts);
        if (plan.IsEmpty)
            return [await multipart.PutPartAsync(uploadId, multipartId, 1, 0, () => new MemoryStream(), cancellationToken)];

        var stored = new StoredPart[plan.Length];
        await Parallel.ForAsync(0, plan.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (i, token) =>
        {
            stored[i] = plan[i].IsCopy
                ? await CopyAsync(uploadId, multipartId, i + 1, sources, plan[i].Pieces[0], token)
                : await SendAsync(uploadId, multipartId, i + 1, sources, plan[i], token);
        });
        return stored;
    }

    private Task<StoredPart> CopyAsync(string uploadId, string multipartId, int number, JoinSources sources, JoinPiece piece, CancellationToken cancellationToken) =>
        multipart.CopyPartAsync(uploadId, multipartId, number, keys.Data(sources.IdOf(piece)), null, piece.First, piece.Bytes, cancellationToken);

    private async Task<StoredPart> SendAsync(
        string uploadId, string multipartId, int number, JoinSources sources, JoinPart part, CancellationToken cancellationToken)
    {
        using var buffer = await memory.RentAsync(part.Bytes, cancellationToken);
        foreach (var run in sources.RunsOf(part))
        {
            var start = buffer.Length;
            await connection.RepeatAsync(async (client, token) =>
            {
                buffer.CutTo(start);
                await ReadAsync(client, sources.IdOf(run.Piece), run.Piece, buffer, token);
                return true;
            }, cancellationToken);
            for (var i = 1; i < run.Times; i++)
                buffer.AppendCopy(start, run.Piece.Bytes);
        }

        return await multipart.PutPartAsync(uploadId, multipartId, number, buffer.Length, buffer.OpenRead, cancellationToken);
    }

    private async Task ReadAsync(Amazon.S3.IAmazonS3 client, string sourceId, JoinPiece piece, PooledPart into, CancellationToken cancellationToken)
    {
        using var answer = await client.GetObjectAsync(new GetObjectRequest
        {
            BucketName = keys.Bucket,
            Key = keys.Data(sourceId),
            ByteRange = new ByteRange(piece.First, piece.First + piece.Bytes - 1),
        }, cancellationToken);
        if (answer.ContentLength != piece.Bytes)
            throw new IOException("the store sent other bytes than it was asked for");
        await into.FillAsync(answer.ResponseStream, piece.Bytes, cancellationToken);
    }
}

/// <summary>Joined bytes that wait to become the object of a final upload.</summary>
internal sealed class S3Joined(string uploadId, string multipartId, IReadOnlyList<StoredPart> parts, long length, RunningChecksum? checksum, S3UploadParts multipart)
{
    public string MultipartId => multipartId;

    public long Length => length;

    public RunningChecksum? Checksum => checksum;

    /// <summary>Makes them the object, in one step.</summary>
    public Task CompleteAsync(CancellationToken cancellationToken) => multipart.CompleteAsync(uploadId, multipartId, parts, cancellationToken);

    public Task AbortAsync() => multipart.AbortAsync(uploadId, multipartId, CancellationToken.None);
}

/// <summary>Joined bytes for a final upload that exists already.</summary>
internal sealed class S3PendingJoin(S3Joined joined, Func<S3Joined, CancellationToken, Task<Upload>> commit) : IJoinedParts
{
    private bool _committed;

    public async ValueTask<Upload> CommitAsync(CancellationToken cancellationToken)
    {
        var upload = await commit(joined, cancellationToken);
        _committed = true;
        return upload;
    }

    // One that became the object has nothing left to be given up, so this is right also when the commit's answer was lost.
    public async ValueTask DisposeAsync()
    {
        if (!_committed)
            await joined.AbortAsync();
    }
}
