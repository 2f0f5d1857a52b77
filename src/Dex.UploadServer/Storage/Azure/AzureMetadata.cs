using System.Collections.Immutable;
using System.Text;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>What Azure takes of a manifest as metadata of a blob (spec: storage-layout.md 5).</summary>
internal static class AzureMetadata
{
    private static readonly MetadataRules s_rules = new(
        "Azure", NameOf, MostBytes: 8192, BytesBesideEach: 0,
        "metadata left out, because another name is the same there",
        "metadata renamed, because Azure takes letters, digits and underscores only");

    public static ObjectMetadata Of(ImmutableSortedDictionary<string, string> manifest) => ObjectMetadata.Of(manifest, s_rules);

    /// <summary>The same as the SDK wants it.</summary>
    public static Dictionary<string, string> ToDictionary(this ObjectMetadata metadata) => new(metadata.Pairs, StringComparer.OrdinalIgnoreCase);

    // Names are C# identifiers: everything else becomes an underscore, rather than to be lost.
    private static string? NameOf(string key)
    {
        if (key.Length == 0)
            return null;
        var name = new StringBuilder(key.Length);
        foreach (var rune in key.EnumerateRunes())
            name.Append(rune.IsAscii && (Rune.IsLetterOrDigit(rune) || rune.Value == '_') ? (char)rune.Value : '_');
        if (char.IsAsciiDigit(name[0]))
            name.Insert(0, '_');
        return name.ToString();
    }
}
