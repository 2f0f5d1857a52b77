using System.Runtime.InteropServices;
using Dex.Tus.Stores;
using Microsoft.Win32.SafeHandles;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>What a file is, from one look that follows no link.</summary>
internal readonly record struct FileStatus(long Size, DateTimeOffset ModifiedAt, ulong Inode, bool IsRegular);

/// <summary>The Linux calls that the framework does not offer, or wraps in several others.</summary>
internal static partial class Posix
{
    private const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2, CreateNew = 0x40 | 0x80, Create = 0x40, CloseOnExec = 0x80000;
    private const int FileMode = 0b110_100_000, FolderMode = 0b111_101_000; // 0640 and 0750: the data may be health information
    private const int NotPermitted = 1, AccessDenied = 13, OmitTime = (1 << 30) - 2;
    private const int NoSuchFile = 2, Exists = 17, CrossDevice = 18, Invalid = 22, NoSpace = 28, NoSystemCall = 38, LoopOfLinks = 40, NotSupported = 95, QuotaExceeded = 122;
    private const int CurrentDirectory = -100, FollowNoLink = 0x100, BasicStatus = 0x7FF;
    private const long EarliestSecond = -62_135_596_800, LatestSecond = 253_402_300_799;
    private const int MaxPath = 4096, WriteBack = 2, KeepSize = 1;
    private const int TypeMask = 0xF000, RegularFile = 0x8000;

    private static readonly int NoFollow =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 or Architecture.Ppc64le ? 0x8000 : 0x20000;

    /// <summary>A new file that only its owner writes. Fails if the name is taken.</summary>
    public static SafeFileHandle CreateFile(string path) => Open(path, WriteOnly | CreateNew) ?? throw Failure(NoSuchFile, path);

    /// <summary>Opens for reading; null if there is no such file.</summary>
    public static SafeFileHandle? OpenToRead(string path) => Open(path, ReadOnly);

    /// <summary>Opens for reading and writing; null if there is no such file.</summary>
    public static SafeFileHandle? OpenToWrite(string path) => Open(path, ReadWrite);

    /// <summary>Opens for writing, or creates.</summary>
    public static SafeFileHandle OpenOrCreate(string path) => Open(path, WriteOnly | Create) ?? throw Failure(NoSuchFile, path);

    /// <summary>Null if there is no such file.</summary>
    public static unsafe FileStatus? Stat(string path)
    {
        Statx status;
        if (Native.Statx(CurrentDirectory, path, FollowNoLink, BasicStatus, &status) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            return error == NoSuchFile ? null : throw Failure(error, path);
        }

        // Some file systems have times that our calendar has not.
        var modifiedAt = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(status.ModifiedSeconds, EarliestSecond, LatestSecond)).AddTicks(status.ModifiedNanoseconds / 100);
        return new FileStatus((long)status.Size, modifiedAt, status.Inode, (status.Mode & TypeMask) == RegularFile);
    }

    /// <summary>Sets the time of the last write; false if there is no such file, or it is not ours to set.</summary>
    public static unsafe bool TryTouch(string path, DateTimeOffset modifiedAt)
    {
        var ticks = (modifiedAt - DateTimeOffset.UnixEpoch).Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0)
            (seconds, rest) = (seconds - 1, rest + TimeSpan.TicksPerSecond);
        var times = stackalloc nint[] { 0, OmitTime, (nint)seconds, (nint)(rest * 100) }; // of the last read, of the last write
        if (Native.Utimensat(CurrentDirectory, path, times, FollowNoLink) == 0)
            return true;
        var error = Marshal.GetLastPInvokeError();
        return error is NoSuchFile or NotPermitted or AccessDenied ? false : throw Failure(error, path);
    }

    /// <summary>Flushes data and what is needed to find it.</summary>
    public static void FlushData(SafeFileHandle file, string path) => Check(Native.Fdatasync(file), path);

    /// <summary>Asks the kernel to begin writing these bytes to the disk, so that a later flush has less to wait for. Promises nothing.</summary>
    /// <param name="bytes">0 for all from <paramref name="offset"/> on.</param>
    public static void StartWriteBack(SafeFileHandle file, long offset, long bytes) => _ = Native.SyncFileRange(file, offset, bytes, WriteBack);

    /// <summary>Takes room for bytes to come; the file's length stays what it is.</summary>
    public static bool TryReserve(SafeFileHandle file, long offset, long bytes) => Native.Fallocate(file, KeepSize, offset, bytes) == 0;

    /// <summary>Makes the names in a folder durable.</summary>
    public static void FlushFolder(string path)
    {
        using var folder = Open(path, ReadOnly, follow: true) ?? throw Failure(NoSuchFile, path);
        Check(Native.Fsync(folder), path);
    }

    public static void Rename(string from, string to) => Check(Native.Rename(from, to), to);

    /// <summary>Makes a folder and those above it; one that is there is left as it is.</summary>
    /// <param name="flush">Whether its name is to be durable, too.</param>
    public static void CreateFolder(string path, bool flush)
    {
        var parent = Path.GetDirectoryName(path);
        var error = MakeFolder(path);
        if (error == NoSuchFile && parent is { Length: > 0 })
        {
            CreateFolder(parent, flush);
            error = MakeFolder(path);
        }

        if (error is not (0 or Exists))
            throw Failure(error, path);
        if (error == 0 && flush)
            FlushFolder(parent is { Length: > 0 } ? parent : ".");
    }

    /// <summary>Removes a name; one that is not there is no error.</summary>
    public static void Delete(string path)
    {
        if (Native.Unlink(path) != 0 && Marshal.GetLastPInvokeError() is var error and not NoSuchFile)
            throw Failure(error, path);
    }

    /// <summary>The absolute path without links or dots; null if there is nothing.</summary>
    public static unsafe string? RealPath(string path)
    {
        var buffer = stackalloc byte[MaxPath];
        return Native.Realpath(path, buffer) is null ? null : Marshal.PtrToStringUTF8((nint)buffer);
    }

    /// <summary>Closes and tells of an error, which a handle's Dispose keeps to itself (spec: reliability.md D2).</summary>
    public static void Close(SafeFileHandle file, string path)
    {
        var descriptor = (int)file.DangerousGetHandle();
        file.SetHandleAsInvalid();
        Check(Native.Close(descriptor), path);
    }

    /// <summary>Copies within the kernel.</summary>
    /// <returns>Bytes copied, 0 at the source's end; null where these two files cannot be copied so.</returns>
    public static unsafe long? CopyRange(SafeFileHandle source, long sourceOffset, SafeFileHandle target, long targetOffset, long bytes, string path)
    {
        var copied = (long)Native.CopyFileRange(source, &sourceOffset, target, &targetOffset, (nuint)bytes, 0);
        if (copied >= 0)
            return copied;
        var error = Marshal.GetLastPInvokeError();
        return error is CrossDevice or Invalid or NoSystemCall or NotSupported ? null : throw Failure(error, path);
    }

    /// <summary>The same failure, as <see cref="StoreFullException"/> if it means that there is no room.</summary>
    public static IOException Translate(IOException error) =>
        error.HResult is NoSpace or QuotaExceeded ? new StoreFullException(error.Message, error) : error;

    private static SafeFileHandle? Open(string path, int flags, bool follow = false)
    {
        var descriptor = Native.Open(path, flags | CloseOnExec | (follow ? 0 : NoFollow), FileMode);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        var error = Marshal.GetLastPInvokeError();
        return error == NoSuchFile && (flags & Create) == 0 ? null : throw Failure(error, path);
    }

    private static int MakeFolder(string path) => Native.Mkdir(path, FolderMode) == 0 ? 0 : Marshal.GetLastPInvokeError();

    private static void Check(int result, string path)
    {
        if (result != 0)
            throw Failure(Marshal.GetLastPInvokeError(), path);
    }

    private static Exception Failure(int error, string path)
    {
        var message = $"{path}: {Marshal.GetPInvokeErrorMessage(error)}";
        return error switch
        {
            NoSpace or QuotaExceeded => new StoreFullException(message),
            NoSuchFile => new FileNotFoundException(message, path),
            LoopOfLinks => new InvalidDataException($"{path} is a link, not a file"),
            _ => new IOException(message, error),
        };
    }

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Size;
        [FieldOffset(112)] public long ModifiedSeconds;
        [FieldOffset(120)] public uint ModifiedNanoseconds;
    }

    private static partial class Native
    {
        [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static partial int Open(string path, int flags, int mode);

        [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
        public static partial int Close(int descriptor);

        [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
        public static partial int Fsync(SafeFileHandle file);

        [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
        public static partial int Fdatasync(SafeFileHandle file);

        [LibraryImport("libc", EntryPoint = "sync_file_range")]
        public static partial int SyncFileRange(SafeFileHandle file, long offset, long bytes, uint flags);

        [LibraryImport("libc", EntryPoint = "fallocate")]
        public static partial int Fallocate(SafeFileHandle file, int mode, long offset, long bytes);

        [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static partial int Rename(string from, string to);

        [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static partial int Mkdir(string path, int mode);

        [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static partial int Unlink(string path);

        [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static unsafe partial byte* Realpath(string path, byte* resolved);

        [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static unsafe partial int Statx(int folder, string path, int flags, uint mask, Statx* status);

        [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static unsafe partial int Utimensat(int folder, string path, nint* times, int flags);

        [LibraryImport("libc", EntryPoint = "copy_file_range", SetLastError = true)]
        public static unsafe partial nint CopyFileRange(SafeFileHandle source, long* sourceOffset, SafeFileHandle target, long* targetOffset, nuint bytes, uint flags);
    }
}
