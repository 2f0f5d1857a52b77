namespace Dex.Bench.Servers;

/// <summary>The folder that the servers of one run have theirs in; goes when the run is over.</summary>
/// <remarks>
/// Until then files are emptied, never removed. ext4 does not give a new file the number of one that was removed less than half a minute ago,
/// and looks through all of those each time: after a round's files were removed, creating the next round's took eight times as long.
/// </remarks>
internal sealed class RunFolder(string parent) : IDisposable
{
    private readonly string _path = Directory.CreateDirectory(Path.Combine(parent, $"dex-bench-{Guid.NewGuid():N}")).FullName;
    private long _emptied;

    /// <summary>A new folder for one server.</summary>
    public string CreateFolder() => Directory.CreateDirectory(Path.Combine(_path, Guid.NewGuid().ToString("N"))).FullName;

    /// <summary>Gives up a file's bytes and takes it out of its folder.</summary>
    public void Empty(string file)
    {
        using (var handle = File.OpenHandle(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            RandomAccess.SetLength(handle, 0);
        var number = _emptied++;
        var folder = Directory.CreateDirectory(Path.Combine(_path, "emptied", $"{number / 10_000}"));
        File.Move(file, Path.Combine(folder.FullName, $"{number}"));
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(_path, recursive: true);
        }
        catch (IOException)
        {
            // Removed already when the process was asked to end, or another server of the run still writes: the last one to end removes it.
        }
    }
}
