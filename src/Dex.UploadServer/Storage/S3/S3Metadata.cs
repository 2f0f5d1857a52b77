using System.Collections.Immutable;
using Amazon.S3.Model;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>What S3 takes of a manifest as metadata of an object (spec: storage-layout.md 5).</summary>
internal static class S3Metadata
{
    private const int PrefixBytes = 11; // x-amz-meta-: some stores count it, so we do

    private static readonly MetadataRules s_rules = new(
        "S3", key => key.ToLowerInvariant() is var name && IsToken(name) ? name : null, MostBytes: 2048, PrefixBytes,
        "metadata left out, because another name differs only in case", "metadata renamed, because S3 takes ASCII only");

    public static ObjectMetadata Of(ImmutableSortedDictionary<string, string> manifest) => ObjectMetadata.Of(manifest, s_rules);

    public static void AddTo(this ObjectMetadata metadata, MetadataCollection collection)
    {
        foreach (var (name, value) in metadata.Pairs)
            collection[name] = value;
    }

    private static bool IsToken(string name) =>
        name.Length > 0 && name.All(character => char.IsAsciiLetterOrDigit(character) || "!#$%&'*+-.^_`|~".Contains(character, StringComparison.Ordinal));
}
