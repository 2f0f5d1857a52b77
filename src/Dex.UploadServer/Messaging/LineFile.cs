using System.ComponentModel;
using System.Runtime.InteropServices;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Messaging;

/// <summary>Appends whole lines to files that other processes may append to as well (spec: reliability.md C5).</summary>
/// <remarks>
/// .NET writes at positions it has computed, even in append mode, so two processes could overwrite each other. The kernel's own
/// append mode cannot; and it takes half the system calls of a FileStream.
/// </remarks>
internal static partial class LineFile
{
    private const int ReadWrite = 0x2;
    private const int Create = 0x40;
    private const int Append = 0x400;
    private const int CloseOnExec = 0x80000;
    private const int FromHere = 1;
    private const int FromEnd = 2;

    private const int NoSuchEntry = 2;
    private const int Interrupted = 4;
    private const int NoSpace = 28;

    private const uint FileMode = 0b110_100_100; // 0644

    /// <summary>Appends <paramref name="line"/>, which ends with a line feed, or nothing at all. The file and its folder are created if missing.</summary>
    /// <param name="line">May be preceded by a line feed in the file, when another writer left its last line torn.</param>
    /// <exception cref="IOException">Nothing of the line was kept.</exception>
    public static void AppendLine(string path, ReadOnlySpan<byte> line)
    {
        var file = Open(path);
        try
        {
            if (EndsTorn(file))
                Write(file, path, "\n"u8);
            Write(file, path, line);
        }
        finally
        {
            _ = Close(file);
        }
    }

    private static int Open(string path)
    {
        var file = Open(path, ReadWrite | Create | Append | CloseOnExec, FileMode);
        if (file < 0 && Marshal.GetLastPInvokeError() == NoSuchEntry)
        {
            PrivateFolder.Create(Path.GetDirectoryName(path)!);
            file = Open(path, ReadWrite | Create | Append | CloseOnExec, FileMode);
        }

        return file >= 0 ? file : throw Failure(path);
    }

    private static bool EndsTorn(int file)
    {
        // A line that another process is writing this moment looks torn too, so look again before believing it.
        for (var looks = 0; looks < 3; looks++)
        {
            var length = Seek(file, 0, FromEnd);
            byte last = 0;
            if (length <= 0 || ReadAt(file, ref last, 1, length - 1) != 1 || last == '\n')
                return false;
            Thread.Sleep(1);
        }

        return true;
    }

    private static unsafe void Write(int file, string path, ReadOnlySpan<byte> bytes)
    {
        nint written;
        fixed (byte* start = bytes)
        {
            do
                written = Write(file, start, bytes.Length);
            while (written < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        }

        if (written == bytes.Length)
            return;
        var failure = written < 0 ? Failure(path) : new IOException($"The disk is full: {Path.GetFileName(path)}", NoSpace);
        if (written > 0)
            TakeBack(file, written);
        throw failure;
    }

    private static void TakeBack(int file, nint written)
    {
        var end = Seek(file, 0, FromHere);
        // Unless another process has written behind it: then its line must stay, and readers skip the torn one.
        if (end == Seek(file, 0, FromEnd))
            _ = Truncate(file, end - written);
    }

    private static IOException Failure(string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{Path.GetFileName(path)}: {new Win32Exception(error).Message}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(int file, long offset, int origin);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint ReadAt(int file, ref byte buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint Write(int file, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int Truncate(int file, long length);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);
}
