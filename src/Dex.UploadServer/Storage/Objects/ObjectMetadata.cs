using System.Collections.Immutable;
using System.Text;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>A manifest as the metadata of an object: what a store cannot take is changed or left out by rule, and told, so that it never fails a delivery (spec: storage-layout.md 5, delivery.md 10.7).</summary>
/// <param name="Pairs">Names as the store takes them, values of printable ASCII, within the store's limit.</param>
/// <param name="Warnings">What was changed or left out, for people; names of keys, never values.</param>
internal sealed record ObjectMetadata(ImmutableArray<KeyValuePair<string, string>> Pairs, ImmutableArray<string> Warnings)
{
    private const int MostNamesTold = 10;
    private const int MostNameLength = 64;

    /// <summary>What those who fetch the object depend on comes first when there is too much.</summary>
    private static readonly ImmutableArray<string> s_needed = ["upload_id", "dex_ingest_datetime", "data_stream_id", "data_stream_route", "sender_id"];

    public static ObjectMetadata Of(ImmutableSortedDictionary<string, string> manifest, MetadataRules rules)
    {
        List<string> notNames = [], twice = [], tooLarge = [], renamed = [], changed = [];
        var pairs = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var bytes = 0;

        // Of names that would be one in the store, the one that is it already comes first, and stays.
        foreach (var (key, value) in manifest.OrderBy(pair => Rank(pair.Key)).ThenBy(pair => rules.NameOf(pair.Key) != pair.Key).ThenBy(pair => pair.Key.Any(char.IsUpper)))
        {
            var name = rules.NameOf(key);
            var text = Printable(value);
            if (name is null)
                notNames.Add(key);
            else if (pairs.ContainsKey(name))
                twice.Add(key);
            else if (bytes + rules.BytesBesideEach + name.Length + text.Length > rules.MostBytes)
                tooLarge.Add(key);
            else
            {
                pairs.Add(name, text);
                bytes += rules.BytesBesideEach + name.Length + text.Length;
                if (!name.Equals(key, StringComparison.OrdinalIgnoreCase))
                    renamed.Add(key);
                if (text != value)
                    changed.Add(key);
            }
        }

        var warnings = ImmutableArray.CreateBuilder<string>();
        Tell("metadata left out, because its name cannot be that of a header", notNames);
        Tell(rules.WhyTwice, twice);
        Tell($"metadata left out, because all of it together has more than {rules.MostBytes} bytes", tooLarge);
        Tell(rules.WhyRenamed, renamed);
        Tell($"metadata changed, because {rules.Store} takes printable ASCII only", changed);
        return new ObjectMetadata([.. pairs], warnings.ToImmutable());

        void Tell(string what, List<string> keys)
        {
            if (keys.Count > 0)
                warnings.Add($"{what}: {string.Join(", ", keys.Take(MostNamesTold).Select(Shown))}{(keys.Count > MostNamesTold ? $" and {keys.Count - MostNamesTold} more" : "")}");
        }
    }

    private static int Rank(string key) => s_needed.IndexOf(key) is >= 0 and var rank ? rank : s_needed.Length;

    // One question mark for a character, as the predecessor does. Of blanks no more than one, and none at the ends: more do not survive
    // a header, or stores disagree about them when they check the signature.
    private static string Printable(string value)
    {
        var text = new StringBuilder(value.Length);
        foreach (var rune in value.EnumerateRunes())
        {
            if (rune.Value is not (' ' or '\t'))
                text.Append(rune.Value is > ' ' and <= '~' ? (char)rune.Value : '?');
            else if (text.Length > 0 && text[^1] != ' ')
                text.Append(' ');
        }

        return text.ToString().TrimEnd(' ');
    }

    private static string Shown(string key)
    {
        var text = string.Concat(key.EnumerateRunes().Select(rune => Rune.IsControl(rune) ? "?" : rune.ToString()));
        return text.Length <= MostNameLength ? text : string.Concat(text.AsSpan(0, MostNameLength), "…");
    }
}

/// <summary>What one kind of store takes as metadata.</summary>
/// <param name="Store">Its name, for people.</param>
/// <param name="NameOf">A manifest's key as the store's name; null if it can be none.</param>
/// <param name="MostBytes">For all names and values together.</param>
/// <param name="BytesBesideEach">Counted for each name beside it and its value.</param>
/// <param name="WhyTwice">What is told of keys that would be one name.</param>
/// <param name="WhyRenamed">What is told of keys that have another name in the store, in more than case.</param>
internal sealed record MetadataRules(string Store, Func<string, string?> NameOf, int MostBytes, int BytesBesideEach, string WhyTwice, string WhyRenamed);
