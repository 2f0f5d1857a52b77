using System.Collections.Immutable;
using System.Text;

namespace Dex.Tus.Stores;

/// <summary>Key-value pairs of an upload, in the order they were sent, with each value's bytes exactly as sent.</summary>
/// <remarks>spec: tus.md 7 (MD1–MD4). Values are untrusted.</remarks>
public sealed class UploadMetadata
{
    /// <summary>No pairs.</summary>
    public static readonly UploadMetadata Empty = new([]);

    private readonly ImmutableArray<Entry> _entries;
    private ImmutableSortedDictionary<string, string>? _sorted;

    private UploadMetadata(ImmutableArray<Entry> entries) => _entries = entries;

    private readonly record struct Entry(string Key, ReadOnlyMemory<byte> Value)
    {
        public string Text => Encoding.UTF8.GetString(Value.Span);
    }

    /// <summary>How many pairs there are.</summary>
    public int Count => _entries.Length;

    /// <summary>Decoded bytes of all values together.</summary>
    public long ValueBytes => _entries.Sum(entry => (long)entry.Value.Length);

    /// <summary>Parses an <c>Upload-Metadata</c> value. Never fails: what cannot be read is left out; of duplicate keys the last wins.</summary>
    /// <param name="header">One header value; several lines are one list, joined by commas.</param>
    public static UploadMetadata Parse(string? header)
    {
        if (string.IsNullOrWhiteSpace(header))
            return Empty;

        var entries = ImmutableArray.CreateBuilder<Entry>();
        var positions = new Dictionary<string, int>(StringComparer.Ordinal);
        var rest = header.AsSpan();
        while (!rest.IsEmpty)
        {
            var comma = rest.IndexOf(',');
            var element = (comma < 0 ? rest : rest[..comma]).Trim();
            rest = comma < 0 ? [] : rest[(comma + 1)..];
            if (TryReadElement(element, out var entry))
                Put(entries, positions, entry);
        }

        return entries.Count == 0 ? Empty : new UploadMetadata(entries.ToImmutable());
    }

    /// <summary>Builds metadata from text pairs, as a record written by another server has them.</summary>
    public static UploadMetadata From(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var entries = ImmutableArray.CreateBuilder<Entry>();
        var positions = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (key, value) in pairs)
            Put(entries, positions, new Entry(key, Encoding.UTF8.GetBytes(value)));
        return entries.Count == 0 ? Empty : new UploadMetadata(entries.ToImmutable());
    }

    /// <summary>The same pairs with one replaced in its place, or added at the end.</summary>
    public UploadMetadata With(string key, string value)
    {
        var entry = new Entry(key, Encoding.UTF8.GetBytes(value));
        for (var i = 0; i < _entries.Length; i++)
        {
            if (_entries[i].Key == key)
                return new UploadMetadata(_entries.SetItem(i, entry));
        }

        return new UploadMetadata(_entries.Add(entry));
    }

    /// <summary>The value as text; bytes that are not UTF-8 show as U+FFFD.</summary>
    public bool TryGetText(string key, out string text)
    {
        foreach (var entry in _entries)
        {
            if (entry.Key == key)
            {
                text = entry.Text;
                return true;
            }
        }

        text = "";
        return false;
    }

    /// <summary>All pairs as text, sorted by key (ordinal): the form that records, reports and manifests use.</summary>
    public ImmutableSortedDictionary<string, string> ToSortedText() =>
        _sorted ??= _entries.ToImmutableSortedDictionary(entry => entry.Key, entry => entry.Text, StringComparer.Ordinal);

    /// <summary>The <c>Upload-Metadata</c> value that says the same: order and bytes as sent; a key with an empty value stands alone.</summary>
    public string ToHeader()
    {
        var header = new StringBuilder();
        foreach (var entry in _entries)
        {
            if (!IsKey(entry.Key))
                continue;
            if (header.Length > 0)
                header.Append(',');
            header.Append(entry.Key);
            if (!entry.Value.IsEmpty)
                header.Append(' ').Append(Convert.ToBase64String(entry.Value.Span));
        }

        return header.ToString();
    }

    private static bool TryReadElement(ReadOnlySpan<char> element, out Entry entry)
    {
        entry = default;
        if (element.IsEmpty)
            return false;

        var space = element.IndexOf(' ');
        if (!IsKey(space < 0 ? element : element[..space]))
            return false;
        if (space < 0)
        {
            entry = new Entry(element.ToString(), ReadOnlyMemory<byte>.Empty);
            return true;
        }

        var encoded = element[(space + 1)..];
        if (encoded.Contains(' ') || !TryDecode(encoded, out var value))
            return false;
        entry = new Entry(element[..space].ToString(), value);
        return true;
    }

    // A key goes back into a header line, so it is printable ASCII; a record written by others may hold any.
    internal static bool IsKey(ReadOnlySpan<char> key) => !key.IsEmpty && !key.ContainsAnyExceptInRange('!', '~') && !key.Contains(',');

    // Canonical, padded base64 only; the framework's decoder would skip white space and accept stray low bits.
    private static bool TryDecode(ReadOnlySpan<char> encoded, out byte[] value)
    {
        value = new byte[encoded.Length / 4 * 3];
        if (encoded.Length % 4 != 0 || encoded.ContainsAny("\t\r\n ")
            || !Convert.TryFromBase64Chars(encoded, value, out var written))
            return false;
        value = value[..written];
        return Convert.ToBase64String(value).AsSpan().SequenceEqual(encoded);
    }

    private static void Put(ImmutableArray<Entry>.Builder entries, Dictionary<string, int> positions, Entry entry)
    {
        if (positions.TryGetValue(entry.Key, out var position))
        {
            entries[position] = entry;
            return;
        }

        positions.Add(entry.Key, entries.Count);
        entries.Add(entry);
    }
}
