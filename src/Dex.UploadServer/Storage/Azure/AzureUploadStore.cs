using Azure.Storage.Blobs.Models;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Keeps each upload as blocks that become a blob, in the predecessor's layout: either server continues the other's uploads (spec: storage-layout.md 4, tus.md 19.4).</summary>
internal sealed class AzureUploadStore : ObjectUploadStore
{
    private readonly AzureRecords _records;
    private readonly AzureTails _tails;
    private readonly AzureUploadBlocks _blocks;
    private readonly AzureUploadBlobs _blobs;
    private readonly UploadMemo _memo;
    private readonly AzureUploads _uploads;
    private readonly AzureFinishing _finishing;
    private readonly AzureListing _listing;
    private readonly AzureJoining _joining;
    private readonly TimeProvider _clock;

    public AzureUploadStore(AzureContainer container, UploadKeys keys, PartWriting writing)
        : this(container, keys, new AzureRecords(container, keys), new AzureTails(container, keys), new UploadMemo(), writing)
    {
    }

    private AzureUploadStore(AzureContainer container, UploadKeys keys, AzureRecords records, AzureTails tails, UploadMemo memo, PartWriting writing)
        : base(records, tails, memo, writing)
    {
        (_records, _tails, _memo, _clock) = (records, tails, memo, writing.Clock);
        _blocks = new AzureUploadBlocks(container, keys);
        _blobs = new AzureUploadBlobs(container, keys);
        _uploads = new AzureUploads(_records, _tails, _blocks, _blobs, _memo, _clock);
        _finishing = new AzureFinishing(_blocks, _blobs, _tails, writing.Memory, _clock);
        _listing = new AzureListing(container, keys);
        _joining = new AzureJoining(container, keys, _blocks, _blobs, _uploads, writing.Memory, writing.Sizes);
    }

    public override async ValueTask<Upload> CreateAsync(NewUpload upload, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        return Remember(await SaveNewRecordAsync(upload, upload.Id));
    }

    public override async ValueTask DeleteAsync(Upload upload, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        _memo.Forget(upload.Id);
        await _blobs.DeleteAsync(upload.Id, cancellationToken);
        await _tails.DeleteAsync(upload.Id, cancellationToken);
        await _records.DeleteAsync(upload.Id, cancellationToken);
    }

    // The record comes first: nobody has been told of it, and after a kill it is a final upload that waits for parts that are all there.
    public override async ValueTask<Upload> ConcatenateAsync(NewUpload upload, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        var joined = await _joining.JoinAsync(upload.Id, upload.Metadata, upload.Length ?? 0, parts, cancellationToken);
        var stored = await SaveNewRecordAsync(upload, upload.Id);
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
        return new AzurePendingJoin(
            await _joining.JoinAsync(final.Id, final.Metadata, final.Length ?? 0, parts, cancellationToken), (joined, token) => CommitAsync(final.Id, joined, token));
    }

    public override async ValueTask<Stream> OpenAsync(Upload upload, CancellationToken cancellationToken) =>
        await _blobs.OpenAsync(upload.Id, 0, upload.Offset, cancellationToken);

    protected override Task<StoredUpload?> LookAsync(string uploadId, CancellationToken cancellationToken) => _uploads.FindAsync(uploadId, cancellationToken);

    protected override OpenUpload Open(StoredUpload upload) => new AzureOpenUpload(upload, _blocks, _tails, _clock);

    protected override Task<StoredUpload> FinishAsync(StoredUpload upload, CancellationToken cancellationToken) => _finishing.FinishAsync(upload, cancellationToken);

    protected override IAsyncEnumerable<UploadObjects> ListAsync(CancellationToken cancellationToken) => _listing.ListAsync(BlobStates.None, cancellationToken);

    protected override Task RemoveBytesAsync(UploadRecord record, CancellationToken cancellationToken) => _blobs.DeleteAsync(record.Id, cancellationToken);

    // The blob makes it whole, whatever the record says.
    private async Task<Upload> CommitAsync(string uploadId, AzureJoined joined, CancellationToken cancellationToken)
    {
        _memo.Forget(uploadId);
        var stored = await _uploads.FindAsync(uploadId, cancellationToken) ?? throw new FileNotFoundException("the final upload is gone");
        await joined.CompleteAsync(cancellationToken);
        stored = stored with { Parts = [], Stray = [], Finished = new StoredWhole(joined.Length, _clock.GetUtcNow(), joined.Checksum) };
        return Remember(await SaveRecordAsync(stored, stored.Record with { Length = joined.Length }, cancellationToken));
    }
}
