using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>The calls of the kernel that a file delivery is made of: names are looked up relative to an open folder, so that nobody can exchange a folder for a link in between.</summary>
internal static partial class DeliverySyscalls
{
    public const int ReadOnly = 0;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int CloseOnExec = 0x80000;

    /// <summary>Only a place to look names up from; needs no right to read.</summary>
    public const int PathOnly = 0x200000;

    public const int CurrentFolder = -100;
    public const int LockExclusive = 2;
    public const int LockWithoutWaiting = 4;

    public const int NoSuchEntry = 2;
    public const int IsFolder = 21;
    public const int NotFolder = 20;
    public const int TooManyLinks = 40;
    public const int NameTooLong = 36;
    public const int AlreadyThere = 17;
    public const int Interrupted = 4;
    public const int NoSpace = 28;
    public const int OverQuota = 122;
    public const int TooBig = 27;
    public const int ReadOnlyFileSystem = 30;

    // Numbered differently on ARM than on x86.
    public static readonly int Folder = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x10000;
    public static readonly int NoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    /// <summary>What a failed call says, in small letters as operators know it.</summary>
    public static string Describe(int error)
    {
        var text = Marshal.GetPInvokeErrorMessage(error);
        return text.Length > 1 && char.IsUpper(text[0]) && char.IsLower(text[1]) ? char.ToLowerInvariant(text[0]) + text[1..] : text;
    }

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle OpenAt(int folder, string name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle OpenAt(SafeFileHandle folder, string name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeFolderAt(SafeFileHandle folder, string name, uint mode);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RenameAt(SafeFileHandle fromFolder, string from, SafeFileHandle toFolder, string to);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int UnlinkAt(SafeFileHandle folder, string name, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Flush(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int FlushData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "copy_file_range", SetLastError = true)]
    public static partial nint CopyFileRange(SafeFileHandle from, ref long fromOffset, SafeFileHandle to, ref long toOffset, nuint length, uint flags);
}
