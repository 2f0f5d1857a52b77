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
    public const int NoSpace = 28;
    public const int OverQuota = 122;

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

    /// <summary>Opens an existing folder some levels below another in one call; links are followed as long as they stay below it.</summary>
    /// <returns>Null where that cannot be done in one call, for whatever reason.</returns>
    public static unsafe SafeFileHandle? TryOpenBeneath(SafeFileHandle folder, string path)
    {
        var how = new OpenHow { Flags = (ulong)(PathOnly | Folder | CloseOnExec), Resolve = StayBeneath | NoMagicLinks };
        var descriptor = (int)SystemCall(OpenAt2Number, folder, path, &how, sizeof(OpenHow));
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private const nint OpenAt2Number = 437;
    private const ulong NoMagicLinks = 0x02;
    private const ulong StayBeneath = 0x08;

    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    [LibraryImport("libc", EntryPoint = "syscall", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint SystemCall(nint number, SafeFileHandle folder, string path, OpenHow* how, nint size);

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

    /// <summary>For <see cref="Clone"/>: the whole file.</summary>
    public const nuint CloneFile = 0x40049409;

    /// <summary>For <see cref="Allocate"/>: the file's length stays what it is.</summary>
    public const int KeepSize = 1;

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Clone(SafeFileHandle to, nuint operation, SafeFileHandle from);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);
}
