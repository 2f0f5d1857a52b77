using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.Tus.Wire;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Keeps each upload as parts that become an object, with its record and its tail beside it. What differs between stores is theirs.</summary>
/// <remarks>The offset is what parts and tail have. What is known of an upload is remembered, and asked about before it is believed.</remarks>
internal abstract class ObjectUploadStore(IUploadRecords records, IUploadTails tails, UploadMemo memo, PartWriting writing)
    : IUploadStore, ITerminationStore, ILengthDeferralStore, IPendingConcatenationStore, IExpirationStore, IDigestStore, IUploadInventory
{
    public abstract ValueTask<Upload> CreateAsync(NewUpload upload, CancellationToken cancellationToken);

    public async ValueTask<Upload?> FindAsync(string uploadId, CancellationToken cancellationToken) =>
        (await LookAsync(uploadId, cancellationToken))?.ToUpload();

    public async ValueTask<Upload> AppendAsync(Upload upload, IncomingBody content, CancellationToken cancellationToken)
    {
        var stored = await FoundAsync(upload, cancellationToken);
        if (stored.Finished is not null)
            throw new IOException("a finished upload takes no bytes");
        memo.Forget(upload.Id); // until it is known what came of this
        using var writer = new UploadWriter(writing, Open(stored), content, cancellationToken);
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
        memo.Forget(upload.Id);
        stored = await FinishAsync(stored, cancellationToken);
        memo.Keep(stored);
        return upload with { Crc32C = stored.Checksum?.Whole, StoreState = stored };
    }

    public abstract ValueTask DeleteAsync(Upload upload, CancellationToken cancellationToken);

    public async ValueTask<Upload> DeclareLengthAsync(Upload upload, long length, CancellationToken cancellationToken)
    {
        var stored = await FoundAsync(upload, cancellationToken);
        if (stored.Length is { } known ? known != length : length < stored.Offset)
            throw new ArgumentOutOfRangeException(nameof(length), length, "the length is known, or less than what is stored");
        if (stored.Length is null)
            stored = await SaveRecordAsync(stored, stored.Record with { Length = length }, cancellationToken);
        memo.Keep(stored);
        return upload with { Length = length, StoreState = stored };
    }

    public abstract ValueTask<Upload> ConcatenateAsync(NewUpload upload, IReadOnlyList<Upload> parts, CancellationToken cancellationToken);

    public abstract ValueTask<IJoinedParts> CopyPartsAsync(Upload final, IReadOnlyList<Upload> parts, CancellationToken cancellationToken);

    public async ValueTask<Upload> TouchAsync(Upload upload, DateTimeOffset modifiedAt, CancellationToken cancellationToken)
    {
        // What was just written bears its time already: another call for the sake of a moment is not worth it.
        var stored = await FoundAsync(upload, cancellationToken);
        var late = modifiedAt - stored.ModifiedAt;
        if (late >= TimeSpan.Zero && late < TimeSpan.FromSeconds(1) && stored.Tail?.End is { } end && end == stored.Offset)
            return upload with { ModifiedAt = stored.ModifiedAt };
        if (late == TimeSpan.Zero && stored.Finished is null)
            return upload with { ModifiedAt = modifiedAt };
        stored = await UploadTouching.TouchAsync(stored, modifiedAt, tails, writing.Memory, cancellationToken);
        memo.Keep(stored);
        return upload with { ModifiedAt = modifiedAt, StoreState = stored };
    }

    public abstract ValueTask<Stream> OpenAsync(Upload upload, CancellationToken cancellationToken);

    public async ValueTask RecordDigestsAsync(Upload upload, CancellationToken cancellationToken)
    {
        var stored = await FoundAsync(upload, cancellationToken);
        memo.Keep(await SaveRecordAsync(stored, stored.Record with { Digests = upload.Digests }, cancellationToken));
    }

    public IAsyncEnumerable<string> ListIdsAsync(CancellationToken cancellationToken) => ListAsync(cancellationToken)
        .Where(found => found.Record is not null).Select(found => found.UploadId);

    public IAsyncEnumerable<string> ListUnfinishedIdsAsync(CancellationToken cancellationToken) => ListAsync(cancellationToken)
        .Where(found => found.Record is not null && (found.Data is null || found.Tail is not null)).Select(found => found.UploadId);

    /// <summary>The upload as the store has it, or null; remembered.</summary>
    protected abstract Task<StoredUpload?> LookAsync(string uploadId, CancellationToken cancellationToken);

    /// <summary>An unfinished upload, to be written to.</summary>
    protected abstract OpenUpload Open(StoredUpload upload);

    /// <summary>See <see cref="UploadFinishing"/>.</summary>
    protected abstract Task<StoredUpload> FinishAsync(StoredUpload upload, CancellationToken cancellationToken);

    /// <summary>The objects of all uploads.</summary>
    protected abstract IAsyncEnumerable<UploadObjects> ListAsync(CancellationToken cancellationToken);

    /// <summary>Removes what an upload's bytes are in; nothing there is success.</summary>
    /// <param name="record">What its record says of it.</param>
    protected abstract Task RemoveBytesAsync(UploadRecord record, CancellationToken cancellationToken);

    protected Upload Remember(StoredUpload upload)
    {
        memo.Keep(upload);
        return upload.ToUpload();
    }

    protected static void RequireId(string uploadId)
    {
        if (!UploadId.IsValid(uploadId))
            throw new ArgumentException("an upload's id is a lower-case UUID", nameof(uploadId));
    }

    protected async Task<StoredUpload> SaveRecordAsync(StoredUpload stored, UploadRecord record, CancellationToken cancellationToken)
    {
        memo.Forget(stored.Id);
        var saved = await records.PutAsync(stored.Id, record, new StoredRecord(stored.Record, stored.RecordTag, stored.RecordedAt), cancellationToken);
        return stored with { Record = saved.Content, RecordTag = saved.Tag };
    }

    /// <summary>Writes the record of a new upload; leaves nothing behind when it fails.</summary>
    /// <param name="recordId">The id that the record bears.</param>
    protected async Task<StoredUpload> SaveNewRecordAsync(NewUpload upload, string recordId)
    {
        var record = UploadRecord.For(upload, boot: null, records.StorageOf(upload.Id)) with { Id = recordId, CreatedAt = writing.Clock.GetUtcNow() };
        try
        {
            var saved = await records.PutAsync(upload.Id, record, null, CancellationToken.None);
            return new StoredUpload(saved.Content, saved.Tag, saved.StoredAt, [], [], null, null);
        }
        catch
        {
            await UndoCreationAsync(record);
            throw;
        }
    }

    /// <summary>Removes a new upload of which nobody has been told. The record may be there although nobody said so; what cannot be removed now is the sweep's.</summary>
    protected async Task UndoCreationAsync(UploadRecord record)
    {
        try
        {
            await RemoveBytesAsync(record, CancellationToken.None);
            await records.DeleteAsync(UploadKeys.ShortId(record.Id), CancellationToken.None);
        }
        catch (IOException)
        {
            // The caller is told of the first failure.
        }
    }

    // What the caller found under the lock is good as long as nobody of this process has found or done something else since.
    private async ValueTask<StoredUpload> FoundAsync(Upload upload, CancellationToken cancellationToken)
    {
        if (upload.StoreState is StoredUpload found && found.Offset == upload.Offset && ReferenceEquals(memo.Find(upload.Id), found))
            return found;
        var stored = await LookAsync(upload.Id, cancellationToken) ?? throw new FileNotFoundException("the upload is gone");
        return stored.Offset == upload.Offset ? stored : throw new IOException("another writer has changed the upload's data");
    }
}
