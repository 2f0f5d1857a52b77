using System.Runtime.CompilerServices;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Files that belong to no upload: of killed processes, of removals that were cut off, and those a predecessor forgets (spec: storage-layout.md 2 and 9.8).</summary>
/// <remarks>Goes by the names this server and its predecessor give. A folder, a link, a record that cannot be read and everything of a finished upload stay.</remarks>
internal sealed class UploadLeftovers(UploadFolder folder) : ILeftoverStore
{
    private readonly UploadRecords _records = new(folder);

    public async IAsyncEnumerable<Leftover> ListLeftoversAsync(DateTimeOffset before, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        foreach (var name in folder.Names())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Examine(name) is { } leftover && leftover.ModifiedAt < before)
                yield return leftover;
        }

        foreach (var name in folder.StagedNames())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (ExamineStaged(name) is { } leftover && leftover.ModifiedAt < before)
                yield return leftover;
        }
    }

    public ValueTask<bool> RemoveAsync(Leftover leftover, CancellationToken cancellationToken)
    {
        if ((Examine(leftover.Name) ?? ExamineStaged(leftover.Name)) != leftover)
            return ValueTask.FromResult(false);
        Posix.Delete(PathOf(leftover.Name));
        return ValueTask.FromResult(true);
    }

    private string PathOf(string name) => StagedFiles.IsName(name) ? $"{folder.BaseFolder}/{name}" : $"{folder.Path}/{name}";

    private Leftover? Examine(string name)
    {
        if (UploadFolder.IsTemporary(name))
            return Describe(LeftoverKind.Temporary, name, name[1..37]);
        if (name.Length < 36 || name[..36] is var id && !UploadFolder.IsId(id))
            return null;
        return name[36..] switch
        {
            "" when !Exists(folder.RecordPath(id)) && !Exists(folder.MetadataPath(id)) => Describe(LeftoverKind.Data, name, id),
            UploadFolder.RecordSuffix when !Exists(folder.DataPath(id)) && !Exists(folder.MetadataPath(id)) && IsAlone(id) => Describe(LeftoverKind.Record, name, id),
            UploadFolder.MetadataSuffix or UploadFolder.ProgressSuffix when !Exists(folder.RecordPath(id)) && !Exists(folder.DataPath(id)) => Describe(LeftoverKind.Side, name, id),
            _ => null,
        };
    }

    private Leftover? ExamineStaged(string name) => StagedFiles.IsName(name) ? Describe(LeftoverKind.Temporary, name, null) : null;

    private Leftover? Describe(LeftoverKind kind, string name, string? uploadId) => Posix.Stat(PathOf(name)) is { IsRegular: true } file
        ? new Leftover(kind, name, uploadId, file.Size, file.ModifiedAt)
        : null;

    // The data of another server's upload may lie where its record says, on a disk that is not there just now.
    private bool IsAlone(string id)
    {
        try
        {
            return _records.Find(id) is { } record && (!record.Storage.TryGetValue("Path", out var named) || named.Length == 0 || IsUsualPlace(named, id));
        }
        catch (InvalidDataException)
        {
            return false;
        }
        finally
        {
            _records.Forget(id);
        }
    }

    private bool IsUsualPlace(string path, string id) =>
        Path.GetFileName(path) == id && Path.GetFileName(Path.GetDirectoryName(path)) == Path.GetFileName(folder.Path);

    private static bool Exists(string path) => Posix.Stat(path) is not null;
}
