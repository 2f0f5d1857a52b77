using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Dex.UploadServer.Storage.FileSystem.DeliverySyscalls;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>An open folder below a target's root, reached without leaving the root (spec: reliability.md S-2, delivery.md 10.2).</summary>
internal sealed class TargetFolder : IDisposable
{
    private const uint FolderMode = 0x1ED; // 0755

    private readonly SafeFileHandle _handle;

    private TargetFolder(SafeFileHandle handle) => _handle = handle;

    public SafeFileHandle Handle => _handle;

    /// <summary>Opens the folder that <paramref name="path"/> names a file in, making what is missing.</summary>
    /// <param name="root">The target's own path; may lead through links.</param>
    /// <param name="path">Below the root, of plain segments.</param>
    /// <param name="flush">Whether new folders are to outlive a power failure.</param>
    public static TargetFolder OpenFor(string root, string path, bool flush)
    {
        var start = OpenRoot(root);
        if (path.LastIndexOf('/') is > 0 and var end && TryOpenBeneath(start, path[..end]) is { } there)
        {
            start.Dispose();
            return new TargetFolder(there);
        }

        // Something is missing, or not what it should be: step by step, each with its own complaint.
        var handle = start;
        try
        {
            var seen = root;
            var segments = path.Split('/');
            foreach (var segment in segments.AsSpan(0, segments.Length - 1))
            {
                seen = $"{seen}/{segment}";
                var inner = Descend(handle, segment, seen, start, flush);
                if (handle != start)
                    handle.Dispose();
                handle = inner;
            }
        }
        catch
        {
            handle.Dispose();
            start.Dispose();
            throw;
        }

        if (handle != start)
            start.Dispose();
        return new TargetFolder(handle);
    }

    /// <summary>Makes changes of names in the folder outlive a power failure.</summary>
    public void Flush() => Flush(_handle);

    public void Dispose() => _handle.Dispose();

    private static SafeFileHandle OpenRoot(string root)
    {
        var handle = OpenAt(CurrentFolder, root, PathOnly | Folder | CloseOnExec, 0);
        if (handle.IsInvalid && Marshal.GetLastPInvokeError() == NoSuchEntry)
        {
            try
            {
                Directory.CreateDirectory(root);
            }
            catch (UnauthorizedAccessException denied)
            {
                throw new IOException($"mkdir {LexicalPath.Clean(root)}: permission denied", denied);
            }
            catch (IOException failed)
            {
                throw new IOException($"mkdir {LexicalPath.Clean(root)}: {Describe(failed is FileNotFoundException or DirectoryNotFoundException ? NoSuchEntry : failed.HResult)}", failed);
            }

            handle = OpenAt(CurrentFolder, root, PathOnly | Folder | CloseOnExec, 0);
        }

        return handle.IsInvalid ? throw Failure(root) : handle;
    }

    private static SafeFileHandle Descend(SafeFileHandle folder, string name, string seen, SafeFileHandle root, bool flush)
    {
        var inner = OpenAt(folder, name, PathOnly | Folder | NoFollow | CloseOnExec, 0);
        if (inner.IsInvalid && Marshal.GetLastPInvokeError() == NoSuchEntry)
        {
            if (MakeFolderAt(folder, name, FolderMode) == 0)
            {
                if (flush)
                    Flush(folder);
            }
            else if (Marshal.GetLastPInvokeError() != AlreadyThere)
            {
                throw Failure(seen, "mkdir");
            }

            inner = OpenAt(folder, name, PathOnly | Folder | NoFollow | CloseOnExec, 0);
        }

        if (!inner.IsInvalid)
            return inner;
        if (Marshal.GetLastPInvokeError() is not (NotFolder or TooManyLinks))
            throw Failure(seen);
        return Follow(folder, name, seen, root);
    }

    /// <summary>A link of the operator's may lead elsewhere below the root, and nowhere else.</summary>
    private static SafeFileHandle Follow(SafeFileHandle folder, string name, string seen, SafeFileHandle root)
    {
        var inner = OpenAt(folder, name, PathOnly | Folder | CloseOnExec, 0);
        if (inner.IsInvalid)
            throw Failure(seen);
        var (real, rootPath) = (RealPath(inner), RealPath(root));
        if (real == rootPath || real.StartsWith(rootPath.TrimEnd('/') + '/', StringComparison.Ordinal))
            return inner;
        inner.Dispose();
        throw new Delivery.DeliveryRefusedException($"{LexicalPath.Clean(seen)} is a link that leads out of the target");
    }

    private static string RealPath(SafeFileHandle folder) =>
        new FileInfo($"/proc/self/fd/{folder.DangerousGetHandle()}").LinkTarget ?? throw new IOException("/proc is not mounted");

    private static void Flush(SafeFileHandle folder)
    {
        // A handle that only looks names up cannot be flushed. Who may write to a folder but not read it cannot flush it at all.
        using var readable = OpenAt(folder, ".", ReadOnly | Folder | CloseOnExec, 0);
        if (!readable.IsInvalid && DeliverySyscalls.Flush(readable) != 0)
            throw new IOException($"fsync: {Describe(Marshal.GetLastPInvokeError())}");
    }

    private static Exception Failure(string path, string operation = "open") => TargetFailure.Of(operation, path, Marshal.GetLastPInvokeError());
}
