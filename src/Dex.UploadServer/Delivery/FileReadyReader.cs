using System.Collections.Immutable;
using System.Text.Json;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Delivery;

/// <summary>Reads FileReady events, this server's and the predecessor's, and whatever else arrives on a queue (spec: reports-and-events.md 5).</summary>
internal static class FileReadyReader
{
    private static readonly JsonDocumentOptions s_limits = new() { MaxDepth = 32 };

    /// <summary>Keys in any case, unknown ones ignored.</summary>
    /// <returns>The event; or what is wrong with it, in words that show none of it.</returns>
    public static (FileReady? Event, string? Problem) Read(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, s_limits);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement) : (null, "it is not a JSON object");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is what reading text that is not Unicode throws.
            return (null, "it is not JSON");
        }
    }

    private static (FileReady? Event, string? Problem) Read(JsonElement message)
    {
        if (Text(message, "type") != FileReady.MessageType)
            return (null, "its type is not FileReady");
        if (!UploadIds.TryParse(Text(message, "upload_id"), out var uploadId))
            return (null, "it names no upload");
        if (Text(message, "deliver_target") is not { Length: > 0 } target)
            return (null, "it names no target");
        if (Text(message, "path") is not { Length: > 0 } path)
            return (null, "it has no path");
        return (new FileReady(uploadId, Text(message, "src_url"), path, target, Manifest(message)), null);
    }

    private static ImmutableSortedDictionary<string, string> Manifest(JsonElement message)
    {
        var manifest = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (Find(message, "metadata") is { ValueKind: JsonValueKind.Object } metadata)
        {
            foreach (var entry in metadata.EnumerateObject())
            {
                if (entry.Value.ValueKind == JsonValueKind.String)
                    manifest[entry.Name] = entry.Value.GetString()!;
            }
        }

        return manifest.ToImmutable();
    }

    private static string Text(JsonElement message, string key) =>
        Find(message, key) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";

    private static JsonElement? Find(JsonElement message, string key)
    {
        JsonElement? found = null;
        foreach (var member in message.EnumerateObject())
        {
            if (member.Name.Equals(key, StringComparison.OrdinalIgnoreCase))
                found = member.Value;
        }

        return found;
    }
}
