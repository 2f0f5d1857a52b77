using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>What the service tells of a message, in the header of that name.</summary>
internal sealed record BrokerProperties(string MessageId, long SequenceNumber, string LockToken, int DeliveryCount, DateTimeOffset? LockedUntil)
{
    public const string Header = "BrokerProperties";

    private const string IdName = "MessageId";
    private const string NumberName = "SequenceNumber";
    private const string TokenName = "LockToken";
    private const string CountName = "DeliveryCount";
    private const string LockEndName = "LockedUntilUtc";
    private const string PartitionName = "PartitionKey";
    private const int LongestKey = 128; // of the service

    /// <returns>Null for what no message of a queue has.</returns>
    public static BrokerProperties? TryRead(string? json)
    {
        if (json is null)
            return null;
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || Text(root, TokenName) is not { Length: > 0 } token)
                return null;
            var number = root.TryGetProperty(NumberName, out var sequence) && sequence.ValueKind == JsonValueKind.Number && sequence.TryGetInt64(out var value) ? value : -1;
            var count = root.TryGetProperty(CountName, out var deliveries) && deliveries.ValueKind == JsonValueKind.Number && deliveries.TryGetInt32(out var times) ? times : 1;
            DateTimeOffset? until = DateTimeOffset.TryParse(Text(root, LockEndName), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment : null;
            return new BrokerProperties(Text(root, IdName) ?? "", number, token, Math.Max(count, 1), until);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The header of a message to send. What it is about keeps to one partition, and so in order.</summary>
    public static string Write(string messageId, string partitionKey)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartObject();
            writer.WriteString(IdName, messageId);
            writer.WriteString(PartitionName, partitionKey.Length <= LongestKey ? partitionKey : partitionKey[..LongestKey]);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
