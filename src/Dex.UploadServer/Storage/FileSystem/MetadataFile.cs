using System.Collections.Immutable;
using System.Text.Json;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Metadata as it lies beside an upload (spec: storage-layout.md 1 and 2).</summary>
internal static class MetadataFile
{
    /// <summary>A JSON object of texts, and nothing else; null if there is no such file, or it is not that.</summary>
    public static ImmutableSortedDictionary<string, string>? Read(string path)
    {
        using var document = Parse(path);
        return document is null ? null : Texts(document.RootElement);
    }

    /// <summary>An upload's record; null if there is no such file, or it is no record.</summary>
    public static StoredRecord? ReadRecord(string path)
    {
        using var document = Parse(path);
        if (document?.RootElement is not { ValueKind: JsonValueKind.Object } record)
            return null;
        var metadata = record.TryGetProperty("MetaData", out var texts) ? Texts(texts) : null;
        var isDeferred = record.TryGetProperty("SizeIsDeferred", out var deferred) && deferred.ValueKind == JsonValueKind.True;
        long? length = !isDeferred && record.TryGetProperty("Size", out var size) && size.ValueKind == JsonValueKind.Number && size.TryGetInt64(out var bytes)
            ? bytes
            : null;
        return new StoredRecord(length, metadata ?? ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));
    }

    private static JsonDocument? Parse(string path)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    private static ImmutableSortedDictionary<string, string>? Texts(JsonElement element) => element.ValueKind == JsonValueKind.Object
        ? element.EnumerateObject()
            .Where(property => property.Value.ValueKind == JsonValueKind.String)
            .GroupBy(property => property.Name, StringComparer.Ordinal)
            .ToImmutableSortedDictionary(same => same.Key, same => same.Last().Value.GetString()!, StringComparer.Ordinal)
        : null;
}

/// <summary>What a delivery needs of an upload's record.</summary>
/// <param name="Length">Null while it is not known.</param>
internal sealed record StoredRecord(long? Length, ImmutableSortedDictionary<string, string> Metadata);
