using System.Text.Json;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Telemetry.Logs;

/// <summary>Where log lines of one category come from.</summary>
/// <param name="Category">The class that speaks.</param>
/// <param name="File">Its file, as the house names files after classes.</param>
/// <param name="Ours">Whether messages follow our convention: text first, placeholders at its end.</param>
internal sealed record LogSource(JsonEncodedText Category, JsonEncodedText File, bool Ours)
{
    private const string Product = "Dex.";
    private const string Server = "Dex.UploadServer.";

    public static LogSource Of(string category)
    {
        var ours = category.StartsWith(Product, StringComparison.Ordinal);
        var type = category.StartsWith(Server, StringComparison.Ordinal) ? category[Server.Length..] : category;
        var file = ours ? $"{type.Replace('.', '/')}.cs" : "";
        return new LogSource(JsonEncodedText.Encode(category, WireJson.Encoder), JsonEncodedText.Encode(file, WireJson.Encoder), ours);
    }

    public static bool IsFramework(string category) =>
        category.StartsWith("Microsoft.", StringComparison.Ordinal) || category.StartsWith("System.", StringComparison.Ordinal);
}
