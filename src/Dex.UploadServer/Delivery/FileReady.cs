using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Delivery;

/// <summary>An upload is complete and waits to be carried to one target (spec: reports-and-events.md 5).</summary>
/// <param name="SourceUrl">Empty, or the upload id for a redelivery.</param>
/// <param name="Path">Final: a subscriber uses it as it is.</param>
/// <param name="Target">Plain name.</param>
/// <param name="Metadata">The enriched manifest, or what the source returns for a redelivery.</param>
internal sealed record FileReady(string UploadId, string SourceUrl, string Path, string Target, ImmutableSortedDictionary<string, string> Metadata)
{
    public const string MessageType = "FileReady";
    private const string MetadataKey = "Metadata"; // the one key with a capital letter

    /// <summary>The event as every sink takes it; key order is part of the contract.</summary>
    public OutboxMessage ToMessage()
    {
        var json = new ArrayBufferWriter<byte>(2048);
        using (var writer = new Utf8JsonWriter(json, WireJson.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("id", ""); // a broker gives one
            writer.WriteString("type", MessageType);
            writer.WriteNumber("retry_count", 0);
            writer.WriteString("upload_id", UploadId);
            writer.WriteString("src_url", SourceUrl);
            writer.WriteString("path", Path);
            writer.WriteString("deliver_target", Target);
            writer.WriteStartObject(MetadataKey);
            foreach (var (key, value) in Metadata)
                writer.WriteString(key, value);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return new OutboxMessage(MessageKind.Event, UploadId, MessageType, json.WrittenMemory);
    }
}
