using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Dex.UploadServer.Telemetry.Metrics;

/// <summary>The labels of one series. Equal to another with the same labels in any order, and to the tags of a measurement.</summary>
internal sealed class LabelSet
{
    private readonly KeyValuePair<string, string>[] _labels;

    private LabelSet(KeyValuePair<string, string>[] labels)
    {
        _labels = labels;
    }

    public static LabelSet Of(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new KeyValuePair<string, string>[tags.Length];
        for (var index = 0; index < tags.Length; index++)
            labels[index] = new(tags[index].Key, TextOf(tags[index].Value));
        return new LabelSet(labels);
    }

    /// <summary>As it will be shown: valid names, each once, in order, and valid text; what looks the same is the same series.</summary>
    public LabelSet ToShown()
    {
        var shown = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, text) in _labels)
            shown.TryAdd(MetricNames.Clean(name), Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)));
        return new LabelSet([.. shown]);
    }

    /// <summary><c>name="value",…</c> with values escaped; empty without labels.</summary>
    public override string ToString() =>
        string.Join(',', _labels.Select(label => $"{label.Key}=\"{MetricNames.EscapeLabelValue(label.Value)}\""));

    private static string TextOf(object? value) =>
        value as string ?? Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private static int HashOf(string name, string text) => HashCode.Combine(name.GetHashCode(StringComparison.Ordinal), text.GetHashCode(StringComparison.Ordinal));

    /// <summary>Lets a measurement find its series by its tags as they lie on the stack.</summary>
    internal sealed class Comparer : IEqualityComparer<LabelSet>, IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, LabelSet>
    {
        public LabelSet Create(ReadOnlySpan<KeyValuePair<string, object?>> alternate) => Of(alternate);

        public bool Equals(LabelSet? x, LabelSet? y)
        {
            if (x is null || y is null || x._labels.Length != y._labels.Length)
                return ReferenceEquals(x, y);
            foreach (var label in x._labels)
            {
                if (!Array.Exists(y._labels, other => other.Key == label.Key && other.Value == label.Value))
                    return false;
            }

            return true;
        }

        public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> alternate, LabelSet other)
        {
            if (alternate.Length != other._labels.Length)
                return false;
            for (var index = 0; index < alternate.Length; index++)
            {
                if (!Has(other._labels, index, alternate[index].Key, TextOf(alternate[index].Value)))
                    return false;
            }

            return true;
        }

        // A sum, because the order of labels does not matter.
        public int GetHashCode([DisallowNull] LabelSet obj)
        {
            var hash = 0;
            foreach (var (name, text) in obj._labels)
                hash += HashOf(name, text);
            return hash;
        }

        public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> alternate)
        {
            var hash = 0;
            foreach (var (name, value) in alternate)
                hash += HashOf(name, TextOf(value));
            return hash;
        }

        // Tags nearly always come in the order they came in first.
        private static bool Has(KeyValuePair<string, string>[] labels, int likelyIndex, string name, string text)
        {
            if (IsLabel(labels[likelyIndex], name, text))
                return true;
            foreach (var label in labels)
            {
                if (IsLabel(label, name, text))
                    return true;
            }

            return false;
        }

        private static bool IsLabel(KeyValuePair<string, string> label, string name, string text) =>
            string.Equals(label.Key, name, StringComparison.Ordinal) && string.Equals(label.Value, text, StringComparison.Ordinal);
    }
}
