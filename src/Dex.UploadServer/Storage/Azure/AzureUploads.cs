using Dex.Tus.Stores;
using Dex.Tus.Wire;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Finds uploads, those of the predecessor too. Changes nothing.</summary>
/// <remarks>
/// What is remembered is asked about before it is believed. Whatever this server does to an unfinished upload leaves another tail, so the tail
/// tells; but a predecessor beside us has none, and the blocks are listed as well, as often as their number allows: a list is never told in part.
/// </remarks>
internal sealed class AzureUploads(AzureRecords records, AzureTails tails, AzureUploadBlocks blocks, AzureUploadBlobs blobs, UploadMemo memo, TimeProvider clock)
{
    private const int ShortList = 200;
    private static readonly TimeSpan s_restPerBlock = TimeSpan.FromMilliseconds(1);

    /// <summary>Null if there is no record.</summary>
    /// <exception cref="InvalidDataException">The record cannot be read, or the blob is not what it says.</exception>
    public async Task<StoredUpload?> FindAsync(string uploadId, CancellationToken cancellationToken)
    {
        if (!UploadId.IsValid(uploadId))
            return null;
        var found = (memo.Find(uploadId) is { } known ? await LookAgainAsync(known, cancellationToken) : null)
            ?? await LookAsync(uploadId, cancellationToken);
        if (found is null)
            memo.Forget(uploadId);
        else
            memo.Keep(found);
        return found;
    }

    private async Task<StoredUpload?> LookAsync(string uploadId, CancellationToken cancellationToken)
    {
        var lookingForTail = tails.FindAsync(uploadId, cancellationToken);
        var lookingForWhole = blobs.FindAsync(uploadId, cancellationToken);
        var lookingForRecord = records.FindAsync(uploadId, cancellationToken);
        await Task.WhenAll(lookingForTail, lookingForWhole, lookingForRecord);
        if (await lookingForRecord is not { } record)
            return null;

        var upload = new StoredUpload(record.Content, record.Tag, record.StoredAt, [], [], await lookingForTail, null);
        var whole = await lookingForWhole;
        if (whole is not null && IsWhole(record.Content, whole.Bytes))
            return upload with { Finished = whole with { Checksum = ChecksumOf(upload.Tail, whole.Bytes) } };

        // Blocks of a final upload that waits are those of somebody who joins its parts.
        if (record.Content.Kind != UploadKind.Final)
            upload = With(upload, await blocks.ListAsync(uploadId, cancellationToken));
        return whole is null || whole.Bytes <= upload.PartBytes ? upload : throw new InvalidDataException("the upload's blob is not as long as its record says");
    }

    private async Task<StoredUpload?> LookAgainAsync(StoredUpload known, CancellationToken cancellationToken)
    {
        if (known.Finished is { } finished)
            return await blobs.FindAsync(known.Id, cancellationToken) is { } whole && whole.Bytes == finished.Bytes
                ? known with { Finished = finished with { StoredAt = whole.StoredAt } } // the store's own time, which others see too
                : null;
        if (known.Record.Kind == UploadKind.Final || known.Offset == 0 || known.Offset == known.Length)
            return null;

        var isListed = known.Parts.Length <= ShortList || clock.GetElapsedTime(known.ListedAt) > s_restPerBlock * known.Parts.Length;
        var lookingForTail = tails.FindAsync(known.Id, cancellationToken);
        var listing = isListed ? blocks.ListAsync(known.Id, cancellationToken) : Task.FromResult<IReadOnlyList<StoredPart>>(known.Parts);
        var lookingForRecord = known.Record.Length is null ? records.FindAsync(known.Id, cancellationToken) : Task.FromResult<StoredRecord?>(null);
        await Task.WhenAll(lookingForTail, listing, lookingForRecord);
        if ((await lookingForTail)?.Tag != known.Tail?.Tag || (known.Record.Length is null && (await lookingForRecord)?.Tag != known.RecordTag))
            return null;
        if (!isListed)
            return known;
        var upload = With(known, await listing);
        return upload.Offset == known.Offset ? upload : null;
    }

    private StoredUpload With(StoredUpload upload, IReadOnlyList<StoredPart> listed)
    {
        var (parts, stray) = StoredUpload.Arrange(listed, upload.Tail?.Stray ?? []);
        var found = upload with { Parts = parts, Stray = stray, ListedAt = clock.GetTimestamp() };
        if (found.Offset > upload.Length)
            throw new InvalidDataException("the upload's blocks are longer than its record says");
        return found;
    }

    // A final upload is whole in the moment in which its blob appears, whatever its record still says. An empty blob may only take the place of blocks that go.
    private static bool IsWhole(UploadRecord record, long bytes) =>
        record.Length is { } length ? bytes == length : record.Kind == UploadKind.Final;

    private static RunningChecksum? ChecksumOf(UploadTail? tail, long bytes) =>
        tail is not null && tail.End == bytes ? tail.Checksum : bytes == 0 ? RunningChecksum.Start(0) : null;
}
