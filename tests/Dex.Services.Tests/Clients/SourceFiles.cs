namespace Dex.Services.Clients;

/// <summary>Files to upload, made once for a class and removed with it.</summary>
public sealed class SourceFiles : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dex-source-").FullName;

    /// <summary>A file of random bytes; the same length gives the same file.</summary>
    public string Get(int length)
    {
        var path = Path.Combine(_folder, $"source-{length}.bin");
        if (!File.Exists(path))
            File.WriteAllBytes(path, Content.Random(length));
        return path;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
