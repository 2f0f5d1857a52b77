using System.Text;

namespace Dex.UploadServer.Manifests;

/// <summary>What a sender may call a file (spec: manifests.md 9.1, reliability.md S-2): one plain path segment.</summary>
internal static class FileNameRules
{
    private const int MostBytes = 255;

    public static bool Accept(string name)
    {
        if (name is "." or ".." || Encoding.UTF8.GetByteCount(name) > MostBytes)
            return false;
        foreach (var character in name)
        {
            if (character is '/' or '\\' || char.IsControl(character))
                return false;
        }

        return true;
    }
}
