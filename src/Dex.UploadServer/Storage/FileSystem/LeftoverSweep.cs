using System.IO.Enumeration;
using Microsoft.Win32.SafeHandles;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Removes temporary files that a killed process left at a target (spec: reliability.md T3, C3).</summary>
internal static class LeftoverSweep
{
    /// <param name="startedAt">Younger files are left alone, and those that somebody is writing.</param>
    public static void Run(string root, DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = 0 };
        var leftovers = new FileSystemEnumerable<string>(root, (ref entry) => entry.ToFullPath(), options)
        {
            ShouldIncludePredicate = (ref entry) => !entry.IsDirectory && entry.LastWriteTimeUtc < startedAt && PartFile.IsTemporaryName(entry.FileName),
            ShouldRecursePredicate = (ref entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint) && !cancellationToken.IsCancellationRequested,
        };
        foreach (var path in leftovers)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Remove(path);
        }
    }

    private static void Remove(string path)
    {
        using var file = DeliverySyscalls.OpenAt(
            DeliverySyscalls.CurrentFolder, path, DeliverySyscalls.ReadOnly | DeliverySyscalls.NoFollow | DeliverySyscalls.CloseOnExec, 0);
        if (!file.IsInvalid && IsAbandoned(file))
            File.Delete(path);
    }

    private static bool IsAbandoned(SafeFileHandle file) =>
        DeliverySyscalls.Lock(file, DeliverySyscalls.LockExclusive | DeliverySyscalls.LockWithoutWaiting) == 0;
}
