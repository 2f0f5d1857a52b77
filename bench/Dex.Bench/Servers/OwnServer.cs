namespace Dex.Bench.Servers;

/// <summary>This program again, as one of its hosts.</summary>
internal static class OwnServer
{
    public static ServerLaunch Describe(string kind, string folder) => new()
    {
        Program = "dotnet",
        Arguments = [Path.Combine(AppContext.BaseDirectory, "Dex.Bench.dll"), "serve", kind, "--folder", folder],
        UploadsFolder = folder,
        DataFolders = [folder],
        Stores = kind != "sink-discard",
    };
}
