namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Joins path elements as the predecessor wrote them into its records: shortest form, and what is relative stays relative.</summary>
internal static class CleanPath
{
    public static string Join(params ReadOnlySpan<string> elements) => Clean(string.Join('/', elements));

    private static string Clean(string path)
    {
        var rooted = path.StartsWith('/');
        var kept = new List<string>();
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

        var cleaned = string.Join('/', kept);
        return rooted ? "/" + cleaned : cleaned.Length == 0 ? "." : cleaned;
    }
}
