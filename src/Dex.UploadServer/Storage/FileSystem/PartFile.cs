using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Dex.Tus.Receiving;
using Dex.UploadServer.Delivery;
using Microsoft.Win32.SafeHandles;
using static Dex.UploadServer.Storage.FileSystem.DeliverySyscalls;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>A file on its way to a target, under a temporary name in its final folder; gone when disposed unless it was published (spec: reliability.md T1, T3).</summary>
/// <remarks>Every method blocks. One caller at a time.</remarks>
internal sealed class PartFile : IDisposable
{
    private const string NamePrefix = ".dex-";
    private const string NameSuffix = ".part";
    private const uint FileMode = 0x1A4; // 0644
    private const int ReadBlock = 1 << 20;

    /// <summary>Large enough for large pages of the file cache, small enough for the processor's.</summary>
    private const int CopyBlock = 512 << 10;

    /// <summary>A smaller file either fits, or does not within moments.</summary>
    private const int ReserveFrom = 1 << 20;

    /// <summary>A flush at the very end could take longer than the patience for silence.</summary>
    private const long FlushEvery = 256 << 20;

    private readonly TargetFolder _folder;
    private readonly string _temporaryName;
    private readonly string _location;
    private readonly bool _flush;
    private readonly SafeFileHandle _file;
    private long _length;
    private long _flushed;
    private bool _published;

    /// <param name="location">For complaints: the target's path and the delivered path.</param>
    public PartFile(TargetFolder folder, string uploadId, string location, bool flush)
    {
        _folder = folder;
        _location = location;
        _flush = flush;
        _temporaryName = $"{NamePrefix}{uploadId}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}{NameSuffix}";
        _file = OpenAt(folder.Handle, _temporaryName, ReadWrite | Create | Exclusive | NoFollow | CloseOnExec, FileMode);
        if (_file.IsInvalid)
            throw Failure("open");

        // Tells a clean-up that somebody is at work here. A file system without locks does without.
        _ = Lock(_file, LockExclusive | LockWithoutWaiting);
    }

    /// <summary>Whether a file name is one of ours.</summary>
    public static bool IsTemporaryName(ReadOnlySpan<char> name) =>
        name.Length == NamePrefix.Length + 36 + 1 + 16 + NameSuffix.Length
        && name.StartsWith(NamePrefix, StringComparison.Ordinal)
        && name.EndsWith(NameSuffix, StringComparison.Ordinal)
        && Guid.TryParseExact(name.Slice(NamePrefix.Length, 36), "D", out _);

    /// <summary>Takes over a whole local file by sharing its blocks, where the file system can do that.</summary>
    public bool TryClone(SafeFileHandle source)
    {
        if (Clone(_file, CloneFile, source) != 0)
            return false;
        _length = RandomAccess.GetLength(_file);
        return true;
    }

    /// <summary>Copies a whole local file.</summary>
    /// <returns>CRC-32C of what was read, computed while it was in the processor's cache: copying in the kernel and reading the copy again costs a third more.</returns>
    public uint CopyFrom(SafeFileHandle source, long length, IProgress<long> progress, CancellationToken cancellationToken)
    {
        // Room for all of it, so that a full disk is known before the work is done. Where that cannot be asked for, writing will tell.
        if (length >= ReserveFrom && Allocate(_file, KeepSize, 0, length) != 0 && Marshal.GetLastPInvokeError() is NoSpace or OverQuota)
            throw Failure("write");

        var block = ArrayPool<byte>.Shared.Rent((int)Math.Min(CopyBlock, length));
        try
        {
            uint crc = 0;
            while (_length < length)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var bytes = block.AsSpan(0, Read(source, block.AsSpan(0, (int)Math.Min(CopyBlock, length - _length)), _length));
                if (bytes.IsEmpty)
                    throw new DeliverySourceException($"source file has only {_length} bytes instead of {length}");
                crc = Crc32C.Append(crc, bytes);
                Append(bytes, progress);
            }

            return crc;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>Appends.</summary>
    public void Append(ReadOnlySpan<byte> bytes, IProgress<long> progress)
    {
        try
        {
            RandomAccess.Write(_file, bytes, _length);
        }
        catch (IOException error)
        {
            throw Failure("write", error.HResult);
        }

        Grew(bytes.Length, progress);
    }

    /// <summary>Flushes what was written, and makes sure that it is there.</summary>
    /// <exception cref="IOException">It has not the length that was written.</exception>
    public void Complete()
    {
        if (_flush && FlushData(_file) != 0)
            throw Failure("fsync");
        if (RandomAccess.GetLength(_file) != _length)
            throw new IOException($"{LexicalPath.Clean(_location)} has {RandomAccess.GetLength(_file)} bytes after writing {_length}");
    }

    /// <summary>Completes the file, and reads it back.</summary>
    /// <returns>Its CRC-32C.</returns>
    /// <exception cref="IOException">It has not the length that was written, or cannot be read.</exception>
    public uint ReadBack(IProgress<long> progress, CancellationToken cancellationToken)
    {
        Complete();
        return Checksum(_file, _length, progress, cancellationToken) ?? throw new IOException($"{LexicalPath.Clean(_location)} ends before its length");
    }

    /// <summary>The CRC-32C of a file's first bytes; null if it has fewer.</summary>
    private static uint? Checksum(SafeFileHandle file, long length, IProgress<long> progress, CancellationToken cancellationToken)
    {
        var block = ArrayPool<byte>.Shared.Rent(ReadBlock);
        try
        {
            uint crc = 0;
            for (long position = 0; position < length;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var bytes = RandomAccess.Read(file, block.AsSpan(0, (int)Math.Min(ReadBlock, length - position)), position);
                if (bytes == 0)
                    return null;
                crc = Crc32C.Append(crc, block.AsSpan(0, bytes));
                position += bytes;
                progress.Report(length + position);
            }

            return crc;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>Gives the file its final name, in place of whatever had it.</summary>
    public void Publish(string name)
    {
        if (RenameAt(_folder.Handle, _temporaryName, _folder.Handle, name) != 0)
        {
            throw Marshal.GetLastPInvokeError() == IsFolder
                ? new IOException($"{LexicalPath.Clean(_location)} is a folder")
                : Failure("rename");
        }

        _published = true;
        if (_flush)
            _folder.Flush();
    }

    public void Dispose()
    {
        if (!_published)
            _ = UnlinkAt(_folder.Handle, _temporaryName, 0);
        _file.Dispose();
    }

    private static int Read(SafeFileHandle source, Span<byte> block, long offset)
    {
        try
        {
            return RandomAccess.Read(source, block, offset);
        }
        catch (IOException broken)
        {
            throw new DeliverySourceException($"source file cannot be read: {Describe(broken.HResult)}", broken);
        }
    }

    private void Grew(long bytes, IProgress<long> progress)
    {
        _length += bytes;
        if (_flush && _length - _flushed >= FlushEvery)
        {
            if (FlushData(_file) != 0)
                throw Failure("fsync");
            _flushed = _length;
        }

        progress.Report(_length);
    }

    private Exception Failure(string operation) => TargetFailure.Of(operation, _location, Marshal.GetLastPInvokeError());

    private Exception Failure(string operation, int error) => TargetFailure.Of(operation, _location, error);
}
