namespace Dex.UploadServer.Hosting;

/// <summary>Tells paths that stay where they are put from those that wander.</summary>
internal static class PathSegments
{
    /// <summary>Whether <paramref name="path"/> is one or more segments between single slashes, none of them empty, <c>.</c> or <c>..</c>, without control characters or backslashes.</summary>
    public static bool ArePlain(string path)
    {
        foreach (var range in path.AsSpan().Split('/'))
        {
            var segment = path.AsSpan(range);
            if (segment is "" or "." or "..")
                return false;
            foreach (var character in segment)
            {
                if (char.IsControl(character) || character == '\\')
                    return false;
            }
        }

        return true;
    }
}
