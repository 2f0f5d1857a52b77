using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>One append to an upload's data file: positional writes, running checksum, marks (spec: reliability.md D1, D2; performance.md 3).</summary>
internal sealed class UploadWriter : IDisposable
{
    /// <summary>A mark is set when its flush has ended, at the latest when the next one begins: never further apart than twice this.</summary>
    private const long MarkEveryBytes = 32L << 20;

    /// <summary>Data of another run is read again up to here rather than given up.</summary>
    private const long ReadAgainBytes = 64L << 20;

    private const long WriteBackEveryBytes = 8L << 20;

    /// <summary>Most room that is taken ahead of what arrives, and never more than this request has brought: that much an upload that is given up may hold in vain.</summary>
    private const long ReserveBytes = 64L << 20;
    private const long ReserveFromBytes = 1L << 20;

    private readonly StoredUpload _stored;
    private readonly UploadFolder _folder;
    private readonly SafeFileHandle _data;
    private readonly string _progressPath;
    private readonly bool _flushes;
    private List<ReadOnlyMemory<byte>>? _segments;
    private UploadProgress _progress;
    private long _nextMark;
    private long _writtenBack;
    private long _reserved;
    private bool _progressIsDurable;
    private Task? _flushing;
    private UploadProgress _flushingAt;

    private UploadWriter(StoredUpload stored, UploadFolder folder, SafeFileHandle data)
    {
        _stored = stored;
        _folder = folder;
        _data = data;
        _progressPath = folder.ProgressPath(stored.Record.Id);
        _flushes = folder.Flushes;
        _progressIsDurable = stored.Progress is { } known && known.Flushed > known.Base;
    }

    /// <summary>Where the next byte goes.</summary>
    public long Offset => _progress.Last;

    /// <summary>Checksum of everything up to <see cref="Offset"/>; null where a part of it has not been read.</summary>
    public uint? Crc32C => _progress.CrcAt(Offset);

    /// <summary>Opens the data to append at <see cref="StoredUpload.Offset"/>; what lies beyond it, and does not count, is cut off.</summary>
    public static UploadWriter Open(StoredUpload stored, UploadFolder folder, BootIdentity boot)
    {
        var data = Posix.OpenToWrite(stored.DataPath) ?? throw new FileNotFoundException("the upload is gone", stored.DataPath);
        var writer = new UploadWriter(stored, folder, data);
        try
        {
            writer.Start(boot.Id);
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Writes at <see cref="Offset"/>. When it fails, offset and checksum have moved by what was stored all the same.</summary>
    /// <exception cref="Tus.Stores.StoreFullException">No room for all of it.</exception>
    public void Write(in ReadOnlySequence<byte> bytes)
    {
        // Somebody who lost the lock without noticing must not write over the bytes of who has it now.
        if (RandomAccess.GetLength(_data) != Offset)
            throw new IOException("another writer has changed the upload's data");

        if (Offset + bytes.Length > _reserved)
            Reserve(Offset + bytes.Length);
        try
        {
            WriteAt(bytes, Offset);
            Count(bytes);
        }
        catch (IOException error)
        {
            Count(bytes.Slice(0, Math.Clamp(RandomAccess.GetLength(_data) - Offset, 0, bytes.Length)));
            throw Posix.Translate(error);
        }

        if (Offset >= _nextMark)
            BeginMark();
        else if (_flushes && Offset - _writtenBack >= WriteBackEveryBytes)
            StartWriteBack();
    }

    /// <summary>Flushes the data, and sets the mark to here.</summary>
    public void Mark()
    {
        EndFlush();
        if (_flushes)
        {
            BeginFlush();
            EndFlush();
        }

        SaveProgress(_flushes);
        _nextMark = Offset + MarkEveryBytes;
        _writtenBack = Offset;
    }

    /// <summary>Notes how far the upload has come, so that the next request need not read it again.</summary>
    public void SaveProgress()
    {
        EndFlush();
        SaveProgress(flush: false);
    }

    /// <summary>As <see cref="SaveProgress()"/>, where something else has failed already: what was stored will be acknowledged all the same.</summary>
    public void TrySaveProgress()
    {
        try
        {
            if (_folder.FlushesEvery)
                Mark();
            else
                SaveProgress();
        }
        catch (IOException)
        {
            // The next append reads these bytes again instead.
        }
    }

    /// <summary>Closes the data, and tells if that or an earlier flush failed.</summary>
    public void Close()
    {
        EndFlush();
        Posix.Close(_data, _stored.DataPath);
    }

    public void Dispose()
    {
        try
        {
            // The file must not be closed under it.
            _flushing?.Wait();
        }
        catch (AggregateException)
        {
            // The request is failing already.
        }

        _data.Dispose();
    }

    private void Start(Guid boot)
    {
        if (RandomAccess.GetLength(_data) != _stored.Data.Size)
            throw new IOException("another writer has changed the upload's data");
        if (_stored.Data.Size > _stored.Offset)
            RandomAccess.SetLength(_data, _stored.Offset);

        _progress = Resume(boot);
        _nextMark = Math.Max(_progress.Flushed + MarkEveryBytes, Offset);
        _writtenBack = Offset;
        _reserved = Offset + ReserveFromBytes;

        // From the first byte on, a file of this run must say so: else the next start would trust nothing of it.
        if ((_stored.Progress?.Boot ?? _stored.Record.Boot) != boot)
            SaveProgress();
    }

    private UploadProgress Resume(Guid boot)
    {
        var offset = _stored.Offset;
        if (_stored.Progress is { } known)
        {
            known = known with { Boot = boot };
            if (known.Flushed == offset)
                return known.BackToFlushed();
            if (known.Last <= offset && offset - known.Last <= ReadAgainBytes)
                return known with { Last = offset, LastCrc = DataChecksum.Read(_data, known.Last, offset, known.LastCrc, CancellationToken.None) };
        }

        if (offset <= ReadAgainBytes)
            return UploadProgress.Start(boot, offset, DataChecksum.Read(_data, 0, offset, 0, CancellationToken.None), from: 0);

        // Another server's data is only read when the upload is finished; until then it counts as a mark.
        if (_flushes)
            Posix.FlushData(_data, _stored.DataPath);
        return UploadProgress.Start(boot, offset, 0, from: offset);
    }

    private void WriteAt(in ReadOnlySequence<byte> bytes, long offset)
    {
        if (bytes.IsSingleSegment)
        {
            RandomAccess.Write(_data, bytes.FirstSpan, offset);
            return;
        }

        _segments ??= [];
        _segments.Clear();
        foreach (var segment in bytes)
            _segments.Add(segment);
        RandomAccess.Write(_data, _segments, offset);
    }

    private void Count(in ReadOnlySequence<byte> bytes) => _progress = _progress with
    {
        Last = _progress.Last + bytes.Length,
        LastCrc = Tus.Receiving.Crc32C.Append(_progress.LastCrc, bytes),
    };

    // The disk works while the next bytes arrive: a flush at the mark alone would stop the receiving for all of them.
    private void StartWriteBack()
    {
        Posix.StartWriteBack(_data, _writtenBack, Offset - _writtenBack);
        _writtenBack = Offset;
    }

    // The mark is set when the flush has ended, at the next one: until then more bytes arrive.
    private void BeginMark()
    {
        var ended = _flushing is not null;
        EndFlush();
        if (_flushes)
            BeginFlush();
        if (ended || !_flushes)
            SaveProgress(_flushes);
        _nextMark = Offset + MarkEveryBytes;
        _writtenBack = Offset;
    }

    private void BeginFlush()
    {
        _flushingAt = _progress;
        _flushing = Task.Run(() => Posix.FlushData(_data, _stored.DataPath));
    }

    private void EndFlush()
    {
        if (_flushing is not { } flushing)
            return;
        _flushing = null;
        try
        {
            // Waits, as every call to the disk here does; a flush that no thread has taken up yet runs on this one, so none can be lacking.
            flushing.GetAwaiter().GetResult();
            _progress = _progress with { Flushed = _flushingAt.Last, FlushedCrc = _flushingAt.LastCrc };
        }
        catch (IOException)
        {
            // What was dirty may be lost although it can still be read: only what an earlier flush took is certain.
            RandomAccess.SetLength(_data, _progress.Flushed);
            _progress = _progress.BackToFlushed();
            throw;
        }
    }

    // Blocks that are taken in advance lie together, and cost less each. A disk that has not so much room takes what fits.
    private void Reserve(long end)
    {
        var from = Math.Max(Offset, _reserved);
        var to = Math.Min(_stored.Record.Length ?? 0, end + Math.Min(ReserveBytes, end - _stored.Offset));
        _reserved = to - from < ReserveFromBytes || !Posix.TryReserve(_data, from, to - from) ? long.MaxValue : to;
    }

    private void SaveProgress(bool flush)
    {
        _progress.Write(_progressPath, flush);
        if (!flush || _progressIsDurable)
            return;
        _folder.Flush();
        _progressIsDurable = true;
    }
}
