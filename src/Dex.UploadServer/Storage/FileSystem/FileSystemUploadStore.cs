using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Microsoft.Win32.SafeHandles;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Keeps each upload as a file with its record beside it, in the predecessor's layout: either server continues the other's uploads (spec: storage-layout.md 2, tus.md 19.2).</summary>
/// <remarks>The offset is the size of the data file, as far as it can be trusted. Calls to the disk are made on the caller's thread.</remarks>
internal sealed class FileSystemUploadStore
    : IUploadStore, ITerminationStore, ILengthDeferralStore, IPendingConcatenationStore, IExpirationStore, IDigestStore, IUploadInventory
{
    private readonly UploadFolder _folder;
    private readonly UploadRecords _records;
    private readonly StoredUploads _uploads;
    private readonly FileConcatenation _concatenation;
    private readonly FileMemo<uint> _finished = new();
    private readonly FreeSpace _space;
    private readonly BootIdentity _boot;
    private readonly TimeProvider _clock;

    public FileSystemUploadStore(UploadFolder folder, FreeSpace space, BootIdentity boot, TimeProvider clock)
    {
        _folder = folder;
        _space = space;
        _boot = boot;
        _clock = clock;
        _records = new UploadRecords(folder);
        _uploads = new StoredUploads(folder, _records, new TrustedOffsets(folder, boot));
        _concatenation = new FileConcatenation(folder, _uploads);
    }

    public async ValueTask<Upload> CreateAsync(NewUpload upload, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        _space.RequireReserve();
        var data = _folder.DataPath(upload.Id);
        Posix.Close(CreateData(data), data);
        await SaveNewRecordAsync(upload);
        return Describe(upload, offset: 0, crc: 0);
    }

    public ValueTask<Upload?> FindAsync(string uploadId, CancellationToken cancellationToken)
    {
        var upload = _uploads.Find(uploadId) is { } stored
            ? stored.ToUpload() with { Crc32C = stored.Crc32C ?? FindFinishedChecksum(stored) }
            : null;
        return ValueTask.FromResult(upload);
    }

    public async ValueTask<Upload> AppendAsync(Upload upload, IncomingBody content, CancellationToken cancellationToken)
    {
        // The writer compares the data's size with what was found under the lock.
        var stored = upload.StoreState is StoredUpload found && found.Offset == upload.Offset && found.Record.Length == upload.Length ? found : FindAgain(upload);
        using var writer = UploadWriter.Open(stored, _folder, _boot);
        try
        {
            while (await content.ReadAsync() is { IsEmpty: false } bytes)
            {
                var before = writer.Offset;
                try
                {
                    writer.Write(bytes);
                }
                finally
                {
                    content.Advance(Math.Clamp(writer.Offset - before, 0, bytes.Length));
                }

                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch
        {
            writer.TrySaveProgress();
            throw;
        }

        // What completes the upload is flushed and noted by FinishAsync: an upload in one request needs no progress file.
        if (writer.Offset > stored.Offset && (writer.Offset != upload.Length || writer.Crc32C is null))
        {
            if (_folder.FlushesEvery)
                writer.Mark();
            else
                writer.SaveProgress();
        }

        writer.Close();
        return upload with
        {
            Offset = writer.Offset,
            Crc32C = writer.Crc32C,
            ModifiedAt = _clock.GetUtcNow(),
            // Good for finishing, which asks for no marks; another append must see those that this one has set.
            StoreState = writer.Offset == upload.Length ? stored with { Offset = writer.Offset, Data = stored.Data with { Size = writer.Offset } } : null,
        };
    }

    public async ValueTask<Upload> FinishAsync(Upload upload, CancellationToken cancellationToken)
    {
        // Where nothing is flushed and the checksum is known, marks do not matter, and what was just written needs no other look.
        var isKnown = !_folder.Flushes && upload.Crc32C is not null;
        var stored = isKnown && upload.StoreState is StoredUpload found && found.Offset == upload.Offset && found.Record.Length == upload.Length ? found : FindAgain(upload);
        if (stored.Offset != stored.Record.Length)
            throw new IOException("an upload that is not complete cannot be finished");

        var known = upload.Crc32C ?? stored.Crc32C ?? FindFinishedChecksum(stored);
        if (known is null)
        {
            using var data = Posix.OpenToRead(stored.DataPath) ?? throw new FileNotFoundException("the upload is gone", stored.DataPath);
            known = DataChecksum.Complete(data, stored.Offset, stored.Progress, cancellationToken);
        }

        var flushed = FlushWholeAsync(stored);
        try
        {
            await WriteFinishedAsync(stored, known.Value, flushed);
        }
        finally
        {
            await flushed;
        }

        return upload with { Crc32C = known };
    }

    public async ValueTask DeleteAsync(Upload upload, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        Posix.Delete(_uploads.Find(upload.Id)?.DataPath ?? _folder.DataPath(upload.Id));
        Posix.Delete(_folder.MetadataPath(upload.Id));
        Posix.Delete(_folder.ProgressPath(upload.Id));
        _records.Delete(upload.Id);
        _finished.Forget(upload.Id);
        await _folder.FlushAsync();
    }

    public async ValueTask<Upload> DeclareLengthAsync(Upload upload, long length, CancellationToken cancellationToken)
    {
        var stored = FindAgain(upload);
        if (stored.Record.Length is { } known ? known != length : length < stored.Offset)
            throw new ArgumentOutOfRangeException(nameof(length), length, "the length is known, or less than what is stored");
        if (stored.Record.Length is null)
        {
            // Bytes that do not count must not exceed the length for a server that goes by the size alone.
            if (stored.Data.Size > stored.Offset)
                UploadWriter.Open(stored, _folder, _boot).Dispose();
            await _records.SaveAsync(stored.Record with { Length = length });
        }

        return upload with { Length = length };
    }

    public async ValueTask<Upload> ConcatenateAsync(NewUpload upload, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        _space.RequireReserve();
        _folder.EnsureExists();
        var data = _folder.DataPath(upload.Id);
        if (Posix.Stat(data) is not null)
            throw new IOException($"{data} exists already");
        using var joined = _concatenation.Join(upload.Id, upload.Length ?? 0, parts, cancellationToken);
        joined.MoveTo(data);
        await SaveNewRecordAsync(upload);
        return Describe(upload, joined.Length, joined.Crc32C);
    }

    // On a thread of its own: gibibytes may be copied, and requests need theirs.
    public async ValueTask<IJoinedParts> CopyPartsAsync(Upload final, IReadOnlyList<Upload> parts, CancellationToken cancellationToken)
    {
        RequireId(final.Id);
        var joined = await Task.Factory.StartNew(
            () => _concatenation.Join(final.Id, final.Length ?? 0, parts, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return new PendingJoin(joined, whole => CompleteAsync(final.Id, whole));
    }

    public ValueTask<Upload> TouchAsync(Upload upload, DateTimeOffset modifiedAt, CancellationToken cancellationToken)
    {
        RequireId(upload.Id);
        if (Posix.TryTouch(_folder.DataPath(upload.Id), modifiedAt))
            return ValueTask.FromResult(upload with { ModifiedAt = modifiedAt });

        // It lies in another place, or is another user's that this one may write but not touch.
        var stored = FindAgain(upload);
        return ValueTask.FromResult(upload with { ModifiedAt = Posix.TryTouch(stored.DataPath, modifiedAt) ? modifiedAt : stored.Data.ModifiedAt });
    }

    public ValueTask<Stream> OpenAsync(Upload upload, CancellationToken cancellationToken)
    {
        var path = FindAgain(upload).DataPath;
        return ValueTask.FromResult<Stream>(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0));
    }

    public async ValueTask RecordDigestsAsync(Upload upload, CancellationToken cancellationToken)
    {
        await _records.SaveAsync(FindAgain(upload).Record with { Digests = upload.Digests });
        _records.Forget(upload.Id);
    }

    public async IAsyncEnumerable<string> ListIdsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        foreach (var name in _folder.Names())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (name.EndsWith(UploadFolder.RecordSuffix, StringComparison.Ordinal) && UploadFolder.IsId(name.AsSpan()[..^UploadFolder.RecordSuffix.Length]))
                yield return name[..^UploadFolder.RecordSuffix.Length];
        }
    }

    public async IAsyncEnumerable<string> ListUnfinishedIdsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var id in ListIdsAsync(cancellationToken))
        {
            if (Posix.Stat(_folder.MetadataPath(id)) is null)
                yield return id;
        }
    }

    // The record first: as long as it says more than the data has, the upload is not complete. The move makes it so; should a
    // power failure undo that, the upload waits as before.
    private async ValueTask<Upload> CompleteAsync(string uploadId, JoinedFile joined)
    {
        var stored = _uploads.Find(uploadId) ?? throw new FileNotFoundException("the final upload is gone");
        if (stored.Record.Length != joined.Length)
            await _records.SaveAsync(stored.Record with { Length = joined.Length });
        joined.MoveTo(_folder.DataPath(uploadId));
        return stored.ToUpload() with { Length = joined.Length, Offset = joined.Length, Crc32C = joined.Crc32C, ModifiedAt = _clock.GetUtcNow() };
    }

    private static void RequireId(string uploadId)
    {
        if (!UploadFolder.IsId(uploadId))
            throw new ArgumentException("an upload's id is a lower-case UUID", nameof(uploadId));
    }

    // The caller found it under the lock; a different offset now means that the lock was lost since.
    private StoredUpload FindAgain(Upload upload)
    {
        var stored = _uploads.Find(upload.Id) ?? throw new FileNotFoundException("the upload is gone");
        return stored.Offset == upload.Offset ? stored : throw new IOException("another writer has changed the upload's data");
    }

    private SafeFileHandle CreateData(string path)
    {
        try
        {
            return Posix.CreateFile(path);
        }
        catch (FileNotFoundException)
        {
            _folder.EnsureExists();
            return Posix.CreateFile(path);
        }
    }

    private async ValueTask SaveNewRecordAsync(NewUpload upload)
    {
        var storage = ImmutableSortedDictionary.CreateRange<string, string>(
            StringComparer.Ordinal, [new("Path", _folder.DataPath(upload.Id)), new("Type", "filestore")]);
        try
        {
            await _records.SaveAsync(UploadRecord.For(upload, _boot.Id, storage));
        }
        catch
        {
            Posix.Delete(_folder.DataPath(upload.Id));
            _records.Delete(upload.Id);
            throw;
        }
    }

    private async Task FlushWholeAsync(StoredUpload stored)
    {
        if (!_folder.Flushes)
            return;
        using var data = Posix.OpenToWrite(stored.DataPath) ?? throw new FileNotFoundException("the upload is gone", stored.DataPath);
        try
        {
            await _folder.FlushDataAsync(data, stored.DataPath, stored.Offset - (stored.Progress?.Flushed ?? 0));
        }
        catch (IOException) when (stored.Record.Boot is not null && Posix.Stat(_folder.MetadataPath(stored.Record.Id)) is null)
        {
            // What was dirty may be lost although it can still be read: only what an earlier flush took is certain.
            RandomAccess.SetLength(data, stored.Progress?.Flushed ?? 0);
            throw;
        }

        Posix.Close(data, stored.DataPath);
    }

    private async ValueTask WriteFinishedAsync(StoredUpload stored, uint crc, Task flushed)
    {
        var id = stored.Record.Id;
        if (stored.Record.Kind == UploadKind.Partial)
        {
            // A part has no metadata file to say that it was flushed, and its checksum makes joining cheap.
            await flushed;
            new UploadProgress(_boot.Id, 0, stored.Offset, crc, stored.Offset, crc).Write(_folder.ProgressPath(id), _folder.Flushes);
            await _folder.FlushAsync();
            return;
        }

        await _folder.ReplaceAsync(id, UploadFolder.MetadataSuffix, UploadRecordJson.WriteMetadata(stored.Record.Metadata), flushed);
        Posix.Delete(_folder.ProgressPath(id));
        _records.Forget(id);
        _finished.Keep(id, Posix.Stat(stored.DataPath) ?? stored.Data, crc);
    }

    private uint? FindFinishedChecksum(StoredUpload stored) =>
        _finished.TryFind(stored.Record.Id, stored.Data, out var crc) ? crc : null;

    private Upload Describe(NewUpload upload, long offset, uint crc) => new()
    {
        Id = upload.Id,
        Length = upload.Length,
        Offset = offset,
        Metadata = upload.Metadata,
        Kind = upload.Kind,
        Parts = upload.Parts,
        Digests = upload.Digests,
        Crc32C = crc,
        ModifiedAt = _clock.GetUtcNow(),
    };
}
