namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Whether a folder is there, in the words that <c>/health</c> is watched for (spec: http-api.md 6).</summary>
internal static class FolderCheck
{
    /// <param name="path">As the operator wrote it.</param>
    /// <exception cref="IOException">It is not; the message says why.</exception>
    public static void Run(string path)
    {
        using var folder = DeliverySyscalls.OpenAt(DeliverySyscalls.CurrentFolder, path, DeliverySyscalls.PathOnly | DeliverySyscalls.Folder | DeliverySyscalls.CloseOnExec, 0);
        if (!folder.IsInvalid)
            return;
        var error = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
        throw new IOException(error == DeliverySyscalls.NotFolder && File.Exists(path)
            ? $"{path} is not a directory"
            : $"stat {path}: {DeliverySyscalls.Describe(error)}");
    }
}
