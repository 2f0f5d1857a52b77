namespace Dex.UploadServer.Tests.Manifests;

/// <summary>Files that operators get with the product.</summary>
internal static class RepositoryFile
{
    public static string Find(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Dex.slnx")))
                return Path.Combine(folder.FullName, path);
        }

        throw new DirectoryNotFoundException("The tests run outside the repository.");
    }
}
