using System.Text.Json;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>What a topic puts around a message for a queue whose subscription was not raw when it was sent.</summary>
internal static class SnsEnvelope
{
    /// <summary>The message in the envelope; what is in none, as it is.</summary>
    public static string Open(string body)
    {
        if (!body.Contains("\"Notification\"", StringComparison.Ordinal))
            return body;
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement is { ValueKind: JsonValueKind.Object } envelope
                && envelope.TryGetProperty("Type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("Notification"u8)
                && envelope.TryGetProperty("Message", out var message) && message.ValueKind == JsonValueKind.String
                ? message.GetString()!
                : body;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return body; // the second is what text that is not Unicode throws
        }
    }
}
