using System.Text;

namespace Dex.UploadServer.Manifests;

/// <summary>The file name of a manifest config (spec: manifests.md 3 and 9.2, reliability.md S-3).</summary>
internal static class ManifestConfigName
{
    private const int MostBytes = 255;

    /// <summary>The name for a data stream and route, lower-cased as a whole.</summary>
    public static string For(string dataStreamId, string dataStreamRoute) =>
        $"{dataStreamId}_{dataStreamRoute}.json".ToLowerInvariant();

    /// <summary>Whether a name is a plain file name: letters, digits, dot, underscore and hyphen only. Any other is never looked up.</summary>
    public static bool IsPlain(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) > MostBytes || name.Contains("..", StringComparison.Ordinal))
            return false;
        foreach (var character in name)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('.' or '_' or '-'))
                return false;
        }

        return true;
    }
}
