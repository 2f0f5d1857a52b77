using Dex.Tus.Stores;
using Dex.Tus.Wire;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Finds uploads, those of the predecessor too. Changes nothing.</summary>
/// <remarks>
/// What is remembered is asked about before it is believed, since a predecessor may write beside us: parts are only ever added,
/// so those behind the last known one are asked for, and the tail is looked at. A multipart upload that has gone means that
/// somebody finished or removed the upload, and then everything is looked at anew.
/// </remarks>
internal sealed class S3Uploads(S3Records records, S3Tails tails, S3UploadParts multipart, UploadMemo memo)
{
    /// <summary>Null if there is no record, or if neither a multipart upload nor an object goes with it.</summary>
    /// <exception cref="InvalidDataException">The record cannot be read, or the object is not what it says.</exception>
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
        var lookingForRecord = records.FindAsync(uploadId, cancellationToken);
        await Task.WhenAll(lookingForRecord, lookingForTail);
        if (await lookingForRecord is not { } record)
            return null;

        // A final upload is whole in the moment in which its object appears, whatever its record still says.
        var upload = new StoredUpload(record.Content, record.Tag, record.StoredAt, [], [], await lookingForTail, null);
        if (record.Content.Kind == UploadKind.Final && await FindWholeAsync(upload, cancellationToken) is { } joined)
            return joined;
        if (S3LongId.MultipartId(record.Content.Id) is { } id && await multipart.ListPartsAsync(uploadId, id, 0, cancellationToken) is { } listed)
        {
            var (parts, stray) = StoredUpload.Arrange(listed, []);
            return upload with { Parts = parts, Stray = stray };
        }

        return await FindWholeAsync(upload, cancellationToken);
    }

    private async Task<StoredUpload?> LookAgainAsync(StoredUpload known, CancellationToken cancellationToken)
    {
        if (known.Finished is { } finished)
        {
            // The store's own time of the object, which others see too, takes the place of ours.
            return await multipart.FindWholeAsync(known.Id, cancellationToken) is { } whole && whole.Bytes == finished.Bytes
                ? known with { Finished = finished with { StoredAt = whole.StoredAt } }
                : null;
        }

        if (known.Record.Kind == UploadKind.Final)
            return null;

        var last = known.Parts.Length;
        var lookingForTail = tails.FindAsync(known.Id, cancellationToken);
        var listing = multipart.ListPartsAsync(known.Id, S3LongId.MultipartIdOf(known), last, cancellationToken);
        var lookingForRecord = known.Record.Length is null ? records.FindAsync(known.Id, cancellationToken) : Task.FromResult<StoredRecord?>(null);
        await Task.WhenAll(lookingForTail, listing, lookingForRecord);
        if (await listing is not { } listed)
            return null;

        var record = await lookingForRecord;
        if (known.Record.Length is null && record is null)
            return null;
        var (parts, stray) = StoredUpload.Arrange([.. known.Parts, .. listed], []);
        var upload = record is null ? known : known with { Record = record.Content, RecordTag = record.Tag, RecordedAt = record.StoredAt };
        upload = upload with { Parts = parts, Stray = stray, Tail = await lookingForTail, Arrived = null };
        return upload.Offset == known.Offset ? upload with { Arrived = known.Arrived } : upload;
    }

    private async Task<StoredUpload?> FindWholeAsync(StoredUpload upload, CancellationToken cancellationToken)
    {
        if (await multipart.FindWholeAsync(upload.Id, cancellationToken) is not { } whole)
            return null;
        if (upload.Record.Length is { } length ? length != whole.Bytes : upload.Record.Kind != UploadKind.Final)
            throw new InvalidDataException("the upload's object is not as long as its record says");
        var checksum = upload.Tail is { } tail && tail.End == whole.Bytes ? tail.Checksum : whole.Bytes == 0 ? RunningChecksum.Start(0) : (RunningChecksum?)null;
        return upload with { Finished = whole with { Checksum = checksum } };
    }
}
