namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Paths as text, without looking at the disk.</summary>
internal static class LexicalPath
{
    /// <summary>The shortest equal path: no empty and <c>.</c> segments, <c>..</c> resolved where it can be, no slash at the end; <c>.</c> for nothing.</summary>
    public static string Clean(string path)
    {
        var rooted = path.StartsWith('/');
        List<string> kept = [];
        foreach (var segment in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (segment == ".")
                continue;
            if (segment != "..")
                kept.Add(segment);
            else if (kept.Count > 0 && kept[^1] != "..")
                kept.RemoveAt(kept.Count - 1);
            else if (!rooted)
                kept.Add(segment);
        }

        var joined = string.Join('/', kept);
        return rooted ? "/" + joined : joined.Length == 0 ? "." : joined;
    }
}
