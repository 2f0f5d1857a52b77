using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Keeps each upload as a multipart upload that becomes an object, in the predecessor's layout: either server continues the other's uploads (spec: storage-layout.md 3, tus.md 19.3).</summary>
internal sealed class S3UploadStore : ObjectUploadStore
{
    private readonly S3Records _records;
    private readonly S3Tails _tails;
    private readonly S3UploadParts _multipart;
    private readonly UploadMemo _memo;
    private readonly S3Uploads _uploads;
    private readonly S3Finishing _finishing;
    private readonly S3Listing _listing;
    private readonly S3Joining _joining;
    private readonly TimeProvider _clock;

    /// <param name="conditional">Whether the store heeds conditions on a PUT.</param>
    public S3UploadStore(S3Connection connection, UploadKeys keys, bool conditional, PartWriting writing)
        : this(connection, keys, new S3Records(connection, keys, conditional), new S3Tails(connection, keys, conditional), new UploadMemo(), writing)
    {
    }

    private S3UploadStore(S3Connection connection, UploadKeys keys, S3Records records, S3Tails tails, UploadMemo memo, PartWriting writing)
        : base(records, tails, memo, writing)
    {
        (_records, _tails, _memo, _clock) = (records, tails, memo, writing.Clock);
        _multipart = new S3UploadParts(connection, keys);
        _uploads = new S3Uploads(_records, _tails, _multipart, _memo);
        _finishing = new S3Finishing(_multipart, _tails, _clock);
        _listing = new S3Listing(connection, keys);
        _joining = new S3Joining(connection, keys, _multipart, _uploads, writing.Memory, writing.Sizes.Least);
    }

    public override async ValueTask<Upload> CreateAsync(NewUpload upload, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        var multipartId = await _multipart.BeginAsync(upload.Id, upload.Metadata, cancellationToken);
        return Remember(await SaveNewRecordAsync(upload, S3LongId.Of(upload.Id, multipartId)));
    }

    public override async ValueTask DeleteAsync(Upload upload, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        _memo.Forget(upload.Id);
        if (await FindMultipartAsync(upload, cancellationToken) is { } multipartId)
            await _multipart.AbortAsync(upload.Id, multipartId, cancellationToken);
        await _multipart.DeleteWholeAsync(upload.Id, cancellationToken);
        await _tails.DeleteAsync(upload.Id, cancellationToken);
        await _records.DeleteAsync(upload.Id, cancellationToken);
    }

    // The record comes first: nobody has been told of it, and after a kill it is a final upload that waits for parts that are all there.
    public override async ValueTask<Upload> ConcatenateAsync(NewUpload upload, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        var joined = await _joining.JoinAsync(upload.Id, upload.Metadata, upload.Length ?? 0, parts, cancellationToken);
        var stored = await SaveNewRecordAsync(upload, S3LongId.Of(upload.Id, joined.MultipartId));
        try
        {
            await joined.CompleteAsync(cancellationToken);
        }
        catch
        {
            await UndoCreationAsync(stored.Record);
            throw;
        }

        return Remember(stored with { Finished = new StoredWhole(joined.Length, _clock.GetUtcNow(), joined.Checksum) });
    }

    public override async ValueTask<IJoinedParts> CopyPartsAsync(Upload final, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        RequireId(final.Id);
        return new S3PendingJoin(await _joining.JoinAsync(final.Id, final.Metadata, final.Length ?? 0, parts, cancellationToken), (joined, token) => CommitAsync(final.Id, joined, token));
    }

    public override async ValueTask<Stream> OpenAsync(Upload upload, CancellationToken cancellationToken)
    {
        var answer = await _multipart.OpenWholeAsync(upload.Id, 0, upload.Offset, cancellationToken);
        return answer.ResponseStream;
    }

    protected override Task<StoredUpload?> LookAsync(string uploadId, CancellationToken cancellationToken) => _uploads.FindAsync(uploadId, cancellationToken);

    protected override OpenUpload Open(StoredUpload upload) => new S3OpenUpload(upload, _multipart, _tails);

    protected override Task<StoredUpload> FinishAsync(StoredUpload upload, CancellationToken cancellationToken) => _finishing.FinishAsync(upload, cancellationToken);

    protected override IAsyncEnumerable<UploadObjects> ListAsync(CancellationToken cancellationToken) => _listing.ListAsync(cancellationToken);

    protected override async Task RemoveBytesAsync(UploadRecord record, CancellationToken cancellationToken)
    {
        var uploadId = UploadKeys.ShortId(record.Id);
        if (S3LongId.MultipartId(record.Id) is { } multipartId)
            await _multipart.AbortAsync(uploadId, multipartId, cancellationToken);
        await _multipart.DeleteWholeAsync(uploadId, cancellationToken);
    }

    // The object makes it whole, whatever the record says; what follows is tidying.
    private async Task<Upload> CommitAsync(string uploadId, S3Joined joined, CancellationToken cancellationToken)
    {
        _memo.Forget(uploadId);
        var stored = await _uploads.FindAsync(uploadId, cancellationToken) ?? throw new FileNotFoundException("the final upload is gone");
        await joined.CompleteAsync(cancellationToken);
        var multipartId = S3LongId.MultipartIdOf(stored);
        stored = stored with { Parts = [], Stray = [], Finished = new StoredWhole(joined.Length, _clock.GetUtcNow(), joined.Checksum) };
        stored = await SaveRecordAsync(
            stored, stored.Record with { Length = joined.Length, Id = S3LongId.Of(uploadId, joined.MultipartId) }, cancellationToken);
        await _multipart.AbortAsync(uploadId, multipartId, cancellationToken);
        return Remember(stored);
    }

    private async ValueTask<string?> FindMultipartAsync(Upload upload, CancellationToken cancellationToken)
    {
        if (upload.StoreState is StoredUpload found)
            return S3LongId.MultipartId(found.Record.Id);
        try
        {
            return await _records.FindAsync(upload.Id, cancellationToken) is { } record ? S3LongId.MultipartId(record.Content.Id) : null;
        }
        catch (InvalidDataException)
        {
            return null; // whatever it was, the sweep finds its multipart upload
        }
    }
}
