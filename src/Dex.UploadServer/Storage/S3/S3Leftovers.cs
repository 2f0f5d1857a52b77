using System.Runtime.CompilerServices;
using Amazon.S3.Model;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Objects and multipart uploads that belong to no upload: of killed processes, and of removals that were cut off (spec: tus.md S311, storage-layout.md 9.8).</summary>
/// <remarks>Below our prefix, and by the names that this server and its predecessor give. The object of an upload always stays, and so does a record that cannot be read.</remarks>
internal sealed class S3Leftovers : ILeftoverStore
{
    private const char NameSeparator = '+';

    private readonly S3Connection _connection;
    private readonly UploadKeys _keys;
    private readonly S3Records _records;
    private readonly S3Tails _tails;
    private readonly S3UploadParts _multipart;
    private readonly S3Listing _listing;

    public S3Leftovers(S3Connection connection, UploadKeys keys)
    {
        _connection = connection;
        _keys = keys;
        _records = new S3Records(connection, keys, conditional: false);
        _tails = new S3Tails(connection, keys, conditional: false);
        _multipart = new S3UploadParts(connection, keys);
        _listing = new S3Listing(connection, keys);
    }

    public async IAsyncEnumerable<Leftover> ListLeftoversAsync(DateTimeOffset before, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var open in ListOpenAsync(cancellationToken))
        {
            if (open.BegunAt < before && await ExamineMultipartAsync(open.UploadId, open.MultipartId, open.BegunAt, cancellationToken) is { } stray && stray.ModifiedAt < before)
                yield return stray;
        }

        await foreach (var objects in _listing.ListAsync(cancellationToken))
        {
            if (await ExamineAsync(objects, before, cancellationToken) is { } leftover && leftover.ModifiedAt < before)
                yield return leftover;
        }
    }

    public async ValueTask<bool> RemoveAsync(Leftover leftover, CancellationToken cancellationToken)
    {
        if (leftover.UploadId is not { } uploadId)
            return false;
        if (leftover.Kind == LeftoverKind.Temporary)
            return await RemoveMultipartAsync(leftover, uploadId, cancellationToken);

        await foreach (var objects in _listing.ListAsync(uploadId, cancellationToken))
        {
            if (await ExamineAsync(objects, DateTimeOffset.MaxValue, cancellationToken) != leftover)
                return false;
            await (leftover.Kind == LeftoverKind.Record ? _records.DeleteAsync(uploadId, cancellationToken) : _tails.DeleteAsync(uploadId, cancellationToken));
            return true;
        }

        return false;
    }

    private async Task<bool> RemoveMultipartAsync(Leftover leftover, string uploadId, CancellationToken cancellationToken)
    {
        var multipartId = leftover.Name[(leftover.Name.IndexOf(NameSeparator, StringComparison.Ordinal) + 1)..];
        if (await ExamineMultipartAsync(uploadId, multipartId, leftover.ModifiedAt, cancellationToken) != leftover)
            return false;
        await _multipart.AbortAsync(uploadId, multipartId, cancellationToken);
        return true;
    }

    private async Task<Leftover?> ExamineAsync(UploadObjects objects, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var id = objects.UploadId;
        return objects switch
        {
            { Record: null, Tail: { } tail } => Describe(LeftoverKind.Side, id, tail),
            { Record: { } record, Data: null } when record.StoredAt < before && await IsWithoutBytesAsync(id, cancellationToken) => Describe(LeftoverKind.Record, id, record),
            { Record: not null, Data: not null, Tail: { } tail } when tail.StoredAt < before && await IsFinishedAsync(id, cancellationToken) => Describe(LeftoverKind.Side, id, tail),
            _ => null,
        };
    }

    // One that a record names is its upload's, and one that is still written to is somebody's who joins parts.
    private async Task<Leftover?> ExamineMultipartAsync(string uploadId, string multipartId, DateTimeOffset begunAt, CancellationToken cancellationToken)
    {
        try
        {
            if (await _records.FindAsync(uploadId, cancellationToken) is { } record && S3LongId.MultipartId(record.Content.Id) == multipartId)
                return null;
        }
        catch (InvalidDataException)
        {
            return null;
        }

        if (await _multipart.ListPartsAsync(uploadId, multipartId, 0, cancellationToken) is not { } parts)
            return null;
        var modifiedAt = parts.Aggregate(begunAt, (latest, part) => part.StoredAt > latest ? part.StoredAt : latest);
        return new Leftover(LeftoverKind.Temporary, $"{uploadId}{NameSeparator}{multipartId}", uploadId, parts.Sum(part => part.Bytes), modifiedAt);
    }

    private async Task<bool> IsWithoutBytesAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            return await _records.FindAsync(uploadId, cancellationToken) is { } record
                && (S3LongId.MultipartId(record.Content.Id) is not { } id || await _multipart.ListPartsAsync(uploadId, id, 0, cancellationToken) is null)
                && await _multipart.FindWholeAsync(uploadId, cancellationToken) is null;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    // A finished part keeps its tail.
    private async Task<bool> IsFinishedAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            return await _records.FindAsync(uploadId, cancellationToken) is { Content.Kind: not UploadKind.Partial } record
                && (S3LongId.MultipartId(record.Content.Id) is not { } id || await _multipart.ListPartsAsync(uploadId, id, 0, cancellationToken) is null);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private Leftover Describe(LeftoverKind kind, string uploadId, ListedObject item) => new(kind, item.Key[_keys.Folder.Length..], uploadId, item.Bytes, item.StoredAt);

    private async IAsyncEnumerable<(string UploadId, string MultipartId, DateTimeOffset BegunAt)> ListOpenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? key = null, id = null;
        do
        {
            var (fromKey, fromId) = (key, id);
            var page = await _connection.RepeatAsync((client, token) => client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest
            {
                BucketName = _keys.Bucket,
                Prefix = _keys.Folder,
                KeyMarker = fromKey,
                UploadIdMarker = fromId,
            }, token), cancellationToken);
            foreach (var upload in page.MultipartUploads ?? [])
            {
                if (_keys.Parse(upload.Key) is { Role: UploadObjectRole.Data } parsed)
                    yield return (parsed.UploadId, upload.UploadId, S3Time.Of(upload.Initiated));
            }

            (key, id) = page.IsTruncated == true ? (page.NextKeyMarker, page.NextUploadIdMarker) : (null, null);
        }
        while (key is not null);
    }
}
