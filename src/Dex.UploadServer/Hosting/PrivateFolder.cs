namespace Dex.UploadServer.Hosting;

/// <summary>Folders of the server's own files: mode 0750, so that other users of the machine see nothing (spec: reliability.md S-4).</summary>
internal static class PrivateFolder
{
    private const UnixFileMode Mode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    /// <summary>Creates the folder and those above it, where missing.</summary>
    public static void Create(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, Mode);
    }
}
