using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.Tus.Wire;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Keeps each upload as a multipart upload that becomes an object, with its record beside it, in the predecessor's layout: either server continues the other's uploads (spec: storage-layout.md 3, tus.md 19.3).</summary>
/// <remarks>The offset is what parts and tail have. What is known of an upload is remembered, and asked about before it is believed.</remarks>
internal sealed class S3UploadStore
    : IUploadStore, ITerminationStore, ILengthDeferralStore, IPendingConcatenationStore, IExpirationStore, IDigestStore, IUploadInventory
{
    private readonly S3Records _records;
    private readonly S3Tails _tails;
    private readonly S3UploadParts _multipart;
    private readonly S3Memo _memo = new();
    private readonly S3Uploads _uploads;
    private readonly S3Finishing _finishing;
    private readonly S3Writing _writing;
    private readonly S3Listing _listing;
    private readonly S3Joining _joining;
    private readonly TimeProvider _clock;

    /// <param name="conditional">Whether the store heeds conditions on a PUT.</param>
    public S3UploadStore(S3Connection connection, S3Keys keys, bool conditional, PartPool memory, PartSizes sizes, int partsPerUpload, TimeProvider clock)
    {
        _records = new S3Records(connection, keys, conditional);
        _tails = new S3Tails(connection, keys, conditional);
        _multipart = new S3UploadParts(connection, keys);
        _uploads = new S3Uploads(_records, _tails, _multipart, _memo);
        _finishing = new S3Finishing(_multipart, _tails, clock);
        _writing = new S3Writing(_multipart, _tails, memory, sizes, partsPerUpload, clock);
        _listing = new S3Listing(connection, keys);
        _joining = new S3Joining(connection, keys, _multipart, _uploads, memory, sizes.Least);
        _clock = clock;
    }

    public async ValueTask<Upload> CreateAsync(NewUpload upload, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        var multipartId = await _multipart.BeginAsync(upload.Id, upload.Metadata, cancellationToken);
        return Remember(await SaveNewRecordAsync(upload, multipartId, whole: null));
    }

    public async ValueTask<Upload?> FindAsync(string uploadId, CancellationToken cancellationToken) =>
        (await _uploads.FindAsync(uploadId, cancellationToken))?.ToUpload();

    public async ValueTask<Upload> AppendAsync(Upload upload, IncomingBody content, CancellationToken cancellationToken)
    {
        var stored = await FoundAsync(upload, cancellationToken);
        if (stored.Finished is not null)
            throw new IOException("a finished upload takes no bytes");
        _memo.Forget(upload.Id); // until it is known what came of this
        using var writer = new S3UploadWriter(_writing, stored, content, cancellationToken);
        try
        {
            await writer.TakeAsync();
        }
        catch (OperationCanceledException late) when (cancellationToken.IsCancellationRequested)
        {
            throw new IOException("there was not enough time to store what has arrived", late);
        }

        return Remember(writer.Upload with { Arrived = writer.Checksum }) with { ModifiedAt = writer.ModifiedAt };
    }

    public async ValueTask<Upload> FinishAsync(Upload upload, CancellationToken cancellationToken)
    {
        var stored = await FoundAsync(upload, cancellationToken);
        if (stored.Offset != stored.Length)
            throw new IOException("an upload that is not complete cannot be finished");
        _memo.Forget(upload.Id);
        stored = await _finishing.FinishAsync(stored, cancellationToken);
        _memo.Keep(stored);
        return upload with { Crc32C = stored.Checksum?.Whole, StoreState = stored };
    }

    public async ValueTask DeleteAsync(Upload upload, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        _memo.Forget(upload.Id);
        if (await FindMultipartAsync(upload, cancellationToken) is { } multipartId)
            await _multipart.AbortAsync(upload.Id, multipartId, cancellationToken);
        await _multipart.DeleteWholeAsync(upload.Id, cancellationToken);
        await _tails.DeleteAsync(upload.Id, cancellationToken);
        await _records.DeleteAsync(upload.Id, cancellationToken);
    }

    public async ValueTask<Upload> DeclareLengthAsync(Upload upload, long length, CancellationToken cancellationToken)
    {
        var stored = await FoundAsync(upload, cancellationToken);
        if (stored.Length is { } known ? known != length : length < stored.Offset)
            throw new ArgumentOutOfRangeException(nameof(length), length, "the length is known, or less than what is stored");
        if (stored.Length is null)
            stored = await SaveRecordAsync(stored, stored.Record with { Length = length }, cancellationToken);
        _memo.Keep(stored);
        return upload with { Length = length, StoreState = stored };
    }

    // The record comes first: nobody has been told of it, and after a kill it is a final upload that waits for parts that are all there.
    public async ValueTask<Upload> ConcatenateAsync(NewUpload upload, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        var joined = await _joining.JoinAsync(upload.Id, upload.Metadata, upload.Length ?? 0, parts, cancellationToken);
        var stored = await SaveNewRecordAsync(upload, joined.MultipartId, whole: null);
        try
        {
            await joined.CompleteAsync(cancellationToken);
        }
        catch
        {
            await UndoCreationAsync(upload.Id, joined.MultipartId);
            throw;
        }

        return Remember(stored with { Finished = new S3Whole(joined.Length, _clock.GetUtcNow(), joined.Checksum) });
    }

    public async ValueTask<IJoinedParts> CopyPartsAsync(Upload final, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        RequireId(final.Id);
        return new S3PendingJoin(await _joining.JoinAsync(final.Id, final.Metadata, final.Length ?? 0, parts, cancellationToken), (joined, token) => CommitAsync(final.Id, joined, token));
    }

    // The object makes it whole, whatever the record says; what follows is tidying.
    private async Task<Upload> CommitAsync(string uploadId, S3Joined joined, CancellationToken cancellationToken)
    {
        _memo.Forget(uploadId);
        var stored = await _uploads.FindAsync(uploadId, cancellationToken) ?? throw new FileNotFoundException("the final upload is gone");
        await joined.CompleteAsync(cancellationToken);
        var multipartId = stored.MultipartId;
        stored = stored with { Parts = [], Stray = [], Finished = new S3Whole(joined.Length, _clock.GetUtcNow(), joined.Checksum) };
        stored = await SaveRecordAsync(
            stored, stored.Record with { Length = joined.Length, Id = S3Keys.LongId(uploadId, joined.MultipartId) }, cancellationToken);
        await _multipart.AbortAsync(uploadId, multipartId, cancellationToken);
        return Remember(stored);
    }

    public async ValueTask<Upload> TouchAsync(Upload upload, DateTimeOffset modifiedAt, CancellationToken cancellationToken)
    {
        // What was just written bears its time already: another call for the sake of a moment is not worth it.
        var stored = await FoundAsync(upload, cancellationToken);
        var late = modifiedAt - stored.ModifiedAt;
        if (late >= TimeSpan.Zero && late < TimeSpan.FromSeconds(1) && stored.Tail?.End is { } end && end == stored.Offset)
            return upload with { ModifiedAt = stored.ModifiedAt };
        if (late == TimeSpan.Zero && stored.Finished is null)
            return upload with { ModifiedAt = modifiedAt };
        stored = await new S3Touching(_writing).TouchAsync(stored, modifiedAt, cancellationToken);
        _memo.Keep(stored);
        return upload with { ModifiedAt = modifiedAt, StoreState = stored };
    }

    public async ValueTask<Stream> OpenAsync(Upload upload, CancellationToken cancellationToken)
    {
        var answer = await _multipart.OpenWholeAsync(upload.Id, 0, upload.Offset, cancellationToken);
        return answer.ResponseStream;
    }

    public async ValueTask RecordDigestsAsync(Upload upload, CancellationToken cancellationToken)
    {
        var stored = await FoundAsync(upload, cancellationToken);
        _memo.Keep(await SaveRecordAsync(stored, stored.Record with { Digests = upload.Digests }, cancellationToken));
    }

    public IAsyncEnumerable<string> ListIdsAsync(CancellationToken cancellationToken) => _listing.ListAsync(cancellationToken)
        .Where(found => found.Record is not null).Select(found => found.UploadId);

    public IAsyncEnumerable<string> ListUnfinishedIdsAsync(CancellationToken cancellationToken) => _listing.ListAsync(cancellationToken)
        .Where(found => found.Record is not null && (found.Data is null || found.Tail is not null)).Select(found => found.UploadId);

    private Upload Remember(S3Upload upload)
    {
        _memo.Keep(upload);
        return upload.ToUpload();
    }

    private static void RequireId(string uploadId)
    {
        if (!UploadId.IsValid(uploadId))
            throw new ArgumentException("an upload's id is a lower-case UUID", nameof(uploadId));
    }

    // What the caller found under the lock is good as long as nobody of this process has found or done something else since.
    private async ValueTask<S3Upload> FoundAsync(Upload upload, CancellationToken cancellationToken)
    {
        if (upload.StoreState is S3Upload found && found.Offset == upload.Offset && ReferenceEquals(_memo.Find(upload.Id), found))
            return found;
        var stored = await _uploads.FindAsync(upload.Id, cancellationToken) ?? throw new FileNotFoundException("the upload is gone");
        return stored.Offset == upload.Offset ? stored : throw new IOException("another writer has changed the upload's data");
    }

    private async Task<S3Upload> SaveRecordAsync(S3Upload stored, UploadRecord record, CancellationToken cancellationToken)
    {
        _memo.Forget(stored.Id);
        var saved = await _records.PutAsync(stored.Id, record, new S3Record(stored.Record, stored.RecordTag, stored.RecordedAt), cancellationToken);
        return stored with { Record = saved.Content, RecordTag = saved.Tag };
    }

    private async Task<S3Upload> SaveNewRecordAsync(NewUpload upload, string multipartId, S3Whole? whole)
    {
        var record = UploadRecord.For(upload, boot: null, _records.StorageOf(upload.Id)) with
        {
            Id = S3Keys.LongId(upload.Id, multipartId),
            CreatedAt = _clock.GetUtcNow(),
        };
        try
        {
            var saved = await _records.PutAsync(upload.Id, record, null, CancellationToken.None);
            return new S3Upload(saved.Content, saved.Tag, saved.StoredAt, [], [], null, whole);
        }
        catch
        {
            await UndoCreationAsync(upload.Id, multipartId);
            throw;
        }
    }

    // The record may be there although nobody said so; what cannot be removed now is the sweep's.
    private async Task UndoCreationAsync(string uploadId, string multipartId)
    {
        try
        {
            await _multipart.AbortAsync(uploadId, multipartId, CancellationToken.None);
            await _multipart.DeleteWholeAsync(uploadId, CancellationToken.None);
            await _records.DeleteAsync(uploadId, CancellationToken.None);
        }
        catch (IOException)
        {
            // The caller is told of the first failure.
        }
    }

    private async ValueTask<string?> FindMultipartAsync(Upload upload, CancellationToken cancellationToken)
    {
        if (upload.StoreState is S3Upload found)
            return S3Keys.MultipartId(found.Record.Id);
        try
        {
            return await _records.FindAsync(upload.Id, cancellationToken) is { } record ? S3Keys.MultipartId(record.Content.Id) : null;
        }
        catch (InvalidDataException)
        {
            return null; // whatever it was, the sweep finds its multipart upload
        }
    }
}
