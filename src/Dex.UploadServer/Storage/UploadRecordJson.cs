using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Dex.Tus.Digests;
using Dex.Tus.Stores;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Storage;

/// <summary>Writes and reads <see cref="UploadRecord"/> to the byte as the predecessor does; our own additions stand last, under one name (spec: storage-layout.md 1 and 8).</summary>
internal static class UploadRecordJson
{
    /// <summary>No honest record is larger: metadata is limited to a fraction of it.</summary>
    public const int MaxBytes = 1 << 20;

    private const string Own = "Dex";
    private const string OwnMetadata = "Metadata";
    private const string OwnBoot = "Boot";
    private const string OwnCreated = "Created";
    private const string OwnDeclared = "DeclaredDigests";
    private const string OwnComputed = "ComputedDigests";

    public static ReadOnlyMemory<byte> Write(UploadRecord record)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var json = new Utf8JsonWriter(buffer, WireJson.WriterOptions);
        json.WriteStartObject();
        json.WriteString("ID", record.Id);
        json.WriteNumber("Size", record.Length ?? 0);
        json.WriteBoolean("SizeIsDeferred", record.Length is null);
        json.WriteNumber("Offset", 0);
        json.WritePropertyName("MetaData");
        WriteMap(json, record.Metadata.ToSortedText());
        json.WriteBoolean("IsPartial", record.Kind == UploadKind.Partial);
        json.WriteBoolean("IsFinal", record.Kind == UploadKind.Final);
        WriteParts(json, record.Parts);
        json.WritePropertyName("Storage");
        WriteMap(json, record.Storage);
        foreach (var member in record.Foreign)
        {
            json.WritePropertyName(member.Name);
            json.WriteRawValue(member.Json, skipInputValidation: true);
        }

        if (record.Boot is not null || record.CreatedAt is not null)
        {
            json.WriteStartObject(Own);
            json.WriteString(OwnMetadata, record.Metadata.ToHeader());
            if (record.Boot is { } boot)
                json.WriteString(OwnBoot, boot.ToString());
            if (record.CreatedAt is { } created)
                json.WriteString(OwnCreated, created.UtcDateTime);
            if (record.Digests is { } digests)
            {
                WriteDigests(json, OwnDeclared, digests.Declared);
                WriteDigests(json, OwnComputed, digests.Computed);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>The metadata by itself, as it stands beside finished data.</summary>
    public static ReadOnlyMemory<byte> WriteMetadata(UploadMetadata metadata)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer, WireJson.WriterOptions);
        WriteMap(json, metadata.ToSortedText());
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <exception cref="InvalidDataException">This is not a record, or not a whole one.</exception>
    public static UploadRecord Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return Read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new InvalidDataException("the upload's record cannot be read: " + error.Message, error);
        }
    }

    private static UploadRecord Read(JsonElement root)
    {
        var length = root.GetProperty("Size").GetInt64();
        var deferred = root.TryGetProperty("SizeIsDeferred", out var flag) && flag.GetBoolean();
        if (length < 0)
            throw new FormatException("negative Size");

        var pairs = ReadMap(root, "MetaData");
        var record = new UploadRecord
        {
            Id = root.GetProperty("ID").GetString() ?? throw new FormatException("no ID"),
            Length = deferred ? null : length,
            Metadata = UploadMetadata.From(pairs),
            Kind = ReadFlag(root, "IsFinal") ? UploadKind.Final : ReadFlag(root, "IsPartial") ? UploadKind.Partial : UploadKind.Whole,
            Parts = ReadParts(root),
            Storage = ReadMap(root, "Storage"),
            Foreign = ReadForeign(root),
        };
        return root.TryGetProperty(Own, out var own) && own.ValueKind == JsonValueKind.Object ? WithOwn(record, pairs, own) : record;
    }

    private static UploadRecord WithOwn(UploadRecord record, ImmutableSortedDictionary<string, string> pairs, JsonElement own)
    {
        if (own.TryGetProperty(OwnMetadata, out var header))
        {
            // Order and bytes as the client sent them, unless somebody has changed the text form since.
            var sent = UploadMetadata.Parse(header.GetString());
            if (sent.ToSortedText().SequenceEqual(pairs))
                record = record with { Metadata = sent };
        }

        if (ReadOwnDigests(own) is { } digests)
            record = record with { Digests = digests };
        if (own.TryGetProperty(OwnCreated, out var created) && created.TryGetDateTimeOffset(out var time))
            record = record with { CreatedAt = time };
        return own.TryGetProperty(OwnBoot, out var boot) && boot.TryGetGuid(out var id) ? record with { Boot = id } : record;
    }

    /// <summary>The digests in a record; null if it has none.</summary>
    /// <exception cref="FormatException">They cannot be read.</exception>
    /// <exception cref="InvalidOperationException">They are not even an object of texts.</exception>
    public static UploadDigests? ReadDigests(JsonElement record) =>
        record.TryGetProperty(Own, out var own) && own.ValueKind == JsonValueKind.Object ? ReadOwnDigests(own) : null;

    private static UploadDigests? ReadOwnDigests(JsonElement own)
    {
        var digests = new UploadDigests { Declared = ReadDigests(own, OwnDeclared), Computed = ReadDigests(own, OwnComputed) };
        return digests.Declared.IsEmpty && digests.Computed.IsEmpty ? null : digests;
    }

    private static ImmutableArray<UploadDigest> ReadDigests(JsonElement own, string name)
    {
        if (!own.TryGetProperty(name, out var members))
            return [];
        var digests = ImmutableArray.CreateBuilder<UploadDigest>();
        foreach (var member in members.EnumerateObject())
        {
            if (DigestAlgorithm.Find(member.Name) is not { } algorithm || !member.Value.TryGetBytesFromBase64(out var value) || value.Length != algorithm.Bytes)
                throw new FormatException($"{name} has something that is no digest");
            digests.Add(new UploadDigest(algorithm, value));
        }

        return digests.DrainToImmutable();
    }

    private static bool ReadFlag(JsonElement root, string name) => root.TryGetProperty(name, out var flag) && flag.GetBoolean();

    private static ImmutableArray<string> ReadParts(JsonElement root) =>
        root.TryGetProperty("PartialUploads", out var parts) && parts.ValueKind != JsonValueKind.Null
            ? [.. parts.EnumerateArray().Select(part => part.GetString() ?? "")]
            : [];

    private static ImmutableSortedDictionary<string, string> ReadMap(JsonElement root, string name)
    {
        var map = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (root.TryGetProperty(name, out var members) && members.ValueKind != JsonValueKind.Null)
        {
            foreach (var member in members.EnumerateObject())
                map[member.Name] = member.Value.GetString() ?? "";
        }

        return map.ToImmutable();
    }

    private static ImmutableArray<ForeignMember> ReadForeign(JsonElement root)
    {
        var foreign = ImmutableArray.CreateBuilder<ForeignMember>();
        foreach (var member in root.EnumerateObject())
        {
            if (member.Name is not ("ID" or "Size" or "SizeIsDeferred" or "Offset" or "MetaData" or "IsPartial" or "IsFinal" or "PartialUploads" or "Storage" or Own))
                foreign.Add(new ForeignMember(member.Name, member.Value.GetRawText()));
        }

        return foreign.DrainToImmutable();
    }

    private static void WriteMap(Utf8JsonWriter json, ImmutableSortedDictionary<string, string> map)
    {
        json.WriteStartObject();
        foreach (var (key, value) in map)
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void WriteDigests(Utf8JsonWriter json, string name, ImmutableArray<UploadDigest> digests)
    {
        json.WriteStartObject(name);
        foreach (var digest in digests)
            json.WriteBase64String(digest.Algorithm.Name, digest.Value);
        json.WriteEndObject();
    }

    private static void WriteParts(Utf8JsonWriter json, ImmutableArray<string> parts)
    {
        if (parts.IsEmpty)
        {
            json.WriteNull("PartialUploads");
            return;
        }

        json.WriteStartArray("PartialUploads");
        foreach (var part in parts)
            json.WriteStringValue(part);
        json.WriteEndArray();
    }
}
