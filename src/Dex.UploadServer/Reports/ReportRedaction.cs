using System.Collections.Immutable;
using Dex.UploadServer.Manifests;

namespace Dex.UploadServer.Reports;

/// <summary>Keeps senders' manifest values out of the log, except those that say which stream an upload belongs to (spec: metrics-logs-traces.md 6.7).</summary>
/// <remarks>Works by where a value stands, never by looking for it: values may be as short as a letter.</remarks>
internal static class ReportRedaction
{
    private const string Hidden = "***";
    private const string BeforeDisallowedValue = " had disallowed value ";
    private const string BeforeBadCharacter = "invalid character found in ";
    private const string AfterBadCharacter = " validation failure";

    /// <summary>Whether the value of a manifest key may be logged: stream, route, and what this server itself has added.</summary>
    public static bool MayShow(string key) =>
        key is ManifestKeys.DataStreamId or ManifestKeys.DataStreamRoute or ManifestKeys.IngestedAt or ManifestKeys.UploadId;

    /// <summary>An absent value stays visible as such.</summary>
    public static string Hide(string value) => value.Length == 0 ? value : Hidden;

    /// <summary>A manifest of which all keys and few values are shown.</summary>
    public static ImmutableSortedDictionary<string, string> HideValues(ImmutableSortedDictionary<string, string> manifest) =>
        manifest.ToImmutableSortedDictionary(pair => pair.Key, pair => MayShow(pair.Key) ? pair.Value : Hide(pair.Value), StringComparer.Ordinal);

    /// <summary>Lines of a verdict without the values they quote, which stand at the end of a line or between two fixed texts (spec: manifests.md 5).</summary>
    public static string HideQuotedValues(string lines) => string.Join('\n', lines.Split('\n').Select(HideQuotedValue));

    /// <summary>The reason of a failed delivery without the delivered path, or as much of it as the reason tells: sender and manifest have a part in its name.</summary>
    /// <param name="path">As rendered for the target.</param>
    public static string HidePath(string reason, string path)
    {
        for (var shown = path; shown.Length > 0; shown = shown[..Math.Max(0, shown.LastIndexOf('/'))])
        {
            if (FindPath(reason, shown) is { } start)
                return string.Concat(reason.AsSpan(0, start), Hidden, reason.AsSpan(start + shown.Length));
        }

        return reason;
    }

    /// <summary>One line of a verdict without the value it quotes.</summary>
    public static string HideQuotedValue(string line)
    {
        if (line.StartsWith(BeforeBadCharacter, StringComparison.Ordinal))
            return BeforeBadCharacter + Hidden + AfterBadCharacter;
        var disallowed = line.IndexOf(BeforeDisallowedValue, StringComparison.Ordinal);
        return disallowed < 0 ? line : string.Concat(line.AsSpan(0, disallowed), BeforeDisallowedValue, Hidden);
    }

    // Reasons have a path in them as "open {root}/{path}: …" or as "{root}/{path} is …".
    private static int? FindPath(string reason, string path)
    {
        for (var start = reason.IndexOf(path, StringComparison.Ordinal); start >= 0; start = reason.IndexOf(path, start + 1, StringComparison.Ordinal))
        {
            var end = start + path.Length;
            if ((start == 0 || reason[start - 1] is '/' or ' ') && (end == reason.Length || reason[end] is ':' or ' ' or '/'))
                return start;
        }

        return null;
    }
}
