namespace Dex.UploadServer.Telemetry.Metrics;

/// <summary>What the text format allows in names and help texts.</summary>
internal static class MetricNames
{
    /// <summary>A name with every character that is not allowed replaced by an underscore.</summary>
    public static string Clean(string name)
    {
        var clean = string.Create(name.Length, name, static (output, name) =>
        {
            for (var index = 0; index < output.Length; index++)
                output[index] = char.IsAsciiLetterOrDigit(name[index]) ? name[index] : '_';
        });
        return clean.Length == 0 || char.IsAsciiDigit(clean[0]) ? $"_{clean}" : clean;
    }

    public static string EscapeHelp(string help) =>
        help.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);

    public static string EscapeLabelValue(string value) =>
        EscapeHelp(value).Replace("\"", "\\\"", StringComparison.Ordinal);
}
