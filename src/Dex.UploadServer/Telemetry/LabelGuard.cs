namespace Dex.UploadServer.Telemetry;

/// <summary>Keeps labels that clients choose from filling the memory of this server and of the one that scrapes it (spec: metrics-logs-traces.md 6.6).</summary>
/// <param name="longestValue">Characters a value may have.</param>
/// <param name="mostValues">Distinct values each label may have.</param>
/// <param name="mostSeries">Distinct combinations of values there may be.</param>
internal sealed class LabelGuard(int longestValue = 128, int mostValues = 500, int mostSeries = 2000)
{
    /// <summary>Stands for all values that did not fit.</summary>
    public const string Overflow = "other";

    private const char Separator = '\u001f';

    private readonly Lock _gate = new();
    private readonly Dictionary<int, HashSet<string>> _values = [];
    private readonly HashSet<string> _series = new(StringComparer.Ordinal);

    /// <summary>Replaces the values that may not be shown; to be called with one value for each label, always in the same order.</summary>
    public void Bound(Span<string> values)
    {
        lock (_gate)
        {
            for (var label = 0; label < values.Length; label++)
            {
                if (!MayShow(label, values[label]))
                    values[label] = Overflow;
            }

            var series = string.Join(Separator, values!);
            if (!_series.Contains(series) && !(_series.Count < mostSeries && _series.Add(series)))
                values.Fill(Overflow);
        }
    }

    private bool MayShow(int label, string value)
    {
        if (value.Length > longestValue)
            return false;
        if (!_values.TryGetValue(label, out var known))
            _values.Add(label, known = new HashSet<string>(StringComparer.Ordinal));
        return known.Contains(value) || (known.Count < mostValues && known.Add(value));
    }
}
