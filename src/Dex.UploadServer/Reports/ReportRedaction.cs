using System.Collections.Immutable;
using Dex.UploadServer.Manifests;

namespace Dex.UploadServer.Reports;

/// <summary>Keeps senders' manifest values out of the log, except those that say which stream an upload belongs to (spec: metrics-logs-traces.md 6.7).</summary>
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

    /// <summary>Where a file went, without the name its sender gave it.</summary>
    public static string HideFileName(string location, ImmutableSortedDictionary<string, string> manifest)
    {
        var name = ManifestKeys.FileNameOf(manifest);
        // Templates put the name without its extension somewhere, and the extension at the end.
        var dot = name.LastIndexOf('.');
        var stem = dot > name.LastIndexOf('/') ? name[..dot] : name;
        return stem.Length == 0 ? location : location.Replace(stem, Hidden, StringComparison.Ordinal);
    }

    /// <summary>Lines of a verdict or of a failed copy, without the values they quote.</summary>
    public static string HideValues(string message, ImmutableSortedDictionary<string, string> manifest) =>
        HideFileName(string.Join('\n', message.Split('\n').Select(HideQuotedValue)), manifest);

    private static string HideQuotedValue(string line)
    {
        var disallowed = line.IndexOf(BeforeDisallowedValue, StringComparison.Ordinal);
        if (disallowed >= 0)
            return string.Concat(line.AsSpan(0, disallowed), BeforeDisallowedValue, Hidden);
        return line.StartsWith(BeforeBadCharacter, StringComparison.Ordinal)
            ? BeforeBadCharacter + Hidden + AfterBadCharacter
            : line;
    }
}
