using System.Buffers;
using System.Text;
using System.Text.Json;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Messaging;

/// <summary>Makes a message fit a broker's limit: what its sender wrote is left out, largest entries first, and nothing of ours.</summary>
internal static class MessageSize
{
    private const int QuotesColonAndComma = 4;

    /// <returns>The message, as it is or shortened; null if it cannot be made to fit.</returns>
    public static ReadOnlyMemory<byte>? Fit(ReadOnlyMemory<byte> json, int limit)
    {
        if (json.Length <= limit)
            return json;
        using var document = JsonDocument.Parse(json);
        var leftOut = Largest(document.RootElement, json.Length - limit);
        var shortened = new ArrayBufferWriter<byte>(limit);
        using (var writer = new Utf8JsonWriter(shortened, WireJson.WriterOptions))
            Write(writer, document.RootElement, leftOut, depth: 0);
        if (shortened.WrittenCount > limit)
            return null;
        return shortened.WrittenMemory;
    }

    private static HashSet<string> Largest(JsonElement root, int excess)
    {
        var leftOut = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, size) in Entries(root).OrderByDescending(entry => entry.Size))
        {
            if (excess <= 0)
                break;
            leftOut.Add(name);
            excess -= size;
        }

        return leftOut;
    }

    private static IEnumerable<(string Name, int Size)> Entries(JsonElement root)
    {
        foreach (var member in root.EnumerateObject())
        {
            var manifest = IsManifest(member) ? member.Value
                : member is { Name: "content", Value.ValueKind: JsonValueKind.Object } && member.Value.TryGetProperty("metadata", out var inner) ? inner
                : default;
            if (manifest.ValueKind != JsonValueKind.Object)
                continue;
            foreach (var entry in manifest.EnumerateObject())
                yield return (entry.Name, Encoding.UTF8.GetByteCount(entry.Value.GetRawText()) + entry.Name.Length + QuotesColonAndComma);
        }
    }

    private static bool IsManifest(JsonProperty member) =>
        member.Name.Equals("metadata", StringComparison.OrdinalIgnoreCase) && member.Value.ValueKind == JsonValueKind.Object;

    private static void Write(Utf8JsonWriter writer, JsonElement element, HashSet<string> leftOut, int depth)
    {
        writer.WriteStartObject();
        foreach (var member in element.EnumerateObject())
        {
            writer.WritePropertyName(member.Name);
            if (IsManifest(member))
                WriteManifest(writer, member.Value, leftOut);
            else if (depth == 0 && member.Name == "content" && member.Value.ValueKind == JsonValueKind.Object)
                Write(writer, member.Value, leftOut, depth + 1);
            else
                member.Value.WriteTo(writer);
        }

        writer.WriteEndObject();
    }

    private static void WriteManifest(Utf8JsonWriter writer, JsonElement manifest, HashSet<string> leftOut)
    {
        writer.WriteStartObject();
        foreach (var entry in manifest.EnumerateObject().Where(entry => !leftOut.Contains(entry.Name)))
            entry.WriteTo(writer);
        writer.WriteEndObject();
    }
}
