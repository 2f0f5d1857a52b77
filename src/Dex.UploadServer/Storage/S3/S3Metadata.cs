using System.Collections.Immutable;
using System.Text;
using Amazon.S3.Model;

namespace Dex.UploadServer.Storage.S3;

/// <summary>A manifest as the metadata of an object: what S3 cannot take is changed or left out by rule, and told, so that it never fails a delivery (spec: storage-layout.md 5, delivery.md 10.7).</summary>
/// <param name="Pairs">Names in lower case, values of printable ASCII, within S3's limit.</param>
/// <param name="Warnings">What was changed or left out, for people; names of keys, never values.</param>
internal sealed record S3Metadata(ImmutableArray<KeyValuePair<string, string>> Pairs, ImmutableArray<string> Warnings)
{
    /// <summary>For names and values together. Some stores count the prefix of the names, so we do.</summary>
    private const int MostBytes = 2048;

    private const int PrefixBytes = 11; // x-amz-meta-

    private const int MostNamesTold = 10;
    private const int MostNameLength = 64;

    /// <summary>What those who fetch the object depend on comes first when there is too much.</summary>
    private static readonly ImmutableArray<string> s_needed = ["upload_id", "dex_ingest_datetime", "data_stream_id", "data_stream_route", "sender_id"];

    public static S3Metadata Of(ImmutableSortedDictionary<string, string> manifest)
    {
        List<string> notNames = [], twice = [], tooLarge = [], changed = [];
        var pairs = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var bytes = 0;

        // Of names that differ in case only, the one that S3 would give back comes first, and stays.
        foreach (var (key, value) in manifest.OrderBy(pair => Rank(pair.Key)).ThenBy(pair => pair.Key.Any(char.IsUpper)))
        {
            var name = key.ToLowerInvariant();
            var text = Printable(value);
            var size = PrefixBytes + name.Length + text.Length;
            if (!IsToken(name))
                notNames.Add(key);
            else if (pairs.ContainsKey(name))
                twice.Add(key);
            else if (bytes + size > MostBytes)
                tooLarge.Add(key);
            else
            {
                pairs.Add(name, text);
                bytes += size;
                if (text != value)
                    changed.Add(key);
            }
        }

        var warnings = ImmutableArray.CreateBuilder<string>();
        Tell("metadata left out, because its name cannot be that of a header", notNames);
        Tell("metadata left out, because another name differs only in case", twice);
        Tell($"metadata left out, because all of it together has more than {MostBytes} bytes", tooLarge);
        Tell("metadata changed, because S3 takes printable ASCII only", changed);
        return new S3Metadata([.. pairs], warnings.ToImmutable());

        void Tell(string what, List<string> keys)
        {
            if (keys.Count > 0)
                warnings.Add($"{what}: {string.Join(", ", keys.Take(MostNamesTold).Select(Shown))}{(keys.Count > MostNamesTold ? $" and {keys.Count - MostNamesTold} more" : "")}");
        }
    }

    public void AddTo(MetadataCollection metadata)
    {
        foreach (var (name, value) in Pairs)
            metadata[name] = value;
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

    private static bool IsToken(string name) =>
        name.Length > 0 && name.All(character => char.IsAsciiLetterOrDigit(character) || "!#$%&'*+-.^_`|~".Contains(character, StringComparison.Ordinal));

    private static string Shown(string key)
    {
        var text = string.Concat(key.EnumerateRunes().Select(rune => Rune.IsControl(rune) ? "?" : rune.ToString()));
        return text.Length <= MostNameLength ? text : string.Concat(text.AsSpan(0, MostNameLength), "…");
    }
}
