using System.Buffers;
using System.Text.Json;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Telemetry.Logs;

/// <summary>Where log lines of one category come from.</summary>
/// <param name="Json">The class that speaks, and its file, as the house names files after classes: one JSON object, written once.</param>
/// <param name="Ours">Whether messages follow our convention: text first, placeholders at its end.</param>
internal sealed record LogSource(ReadOnlyMemory<byte> Json, bool Ours)
{
    private const string Product = "Dex.";
    private const string Server = "Dex.UploadServer.";

    public static LogSource Of(string category)
    {
        var ours = category.StartsWith(Product, StringComparison.Ordinal);
        var type = category.StartsWith(Server, StringComparison.Ordinal) ? category[Server.Length..] : category;
        var file = ours ? $"{type.Replace('.', '/')}.cs" : "";
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, WireJson.WriterOptions);
        json.WriteStartObject();
        json.WriteString("function"u8, category);
        json.WriteString("file"u8, file);
        json.WriteNumber("line"u8, 0);
        json.WriteEndObject();
        json.Flush();
        return new LogSource(buffer.WrittenMemory, ours);
    }

    public static bool IsFramework(string category) =>
        category.StartsWith("Microsoft.", StringComparison.Ordinal) || category.StartsWith("System.", StringComparison.Ordinal);
}
