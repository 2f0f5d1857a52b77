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

    /// <summary>The <c>MetaData</c> of an upload's record; null if the record says that its data, with <paramref name="length"/> bytes, is not a finished upload or only a part of one.</summary>
    public static ImmutableSortedDictionary<string, string>? ReadFromRecord(string path, long length)
    {
        using var document = Parse(path);
        if (document?.RootElement is not { ValueKind: JsonValueKind.Object } record || !IsFinished(record, length))
            return null;
        return record.TryGetProperty("MetaData", out var metadata) && metadata.ValueKind == JsonValueKind.Object
            ? Texts(metadata)
            : ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
    }

    private static bool IsFinished(JsonElement record, long length)
    {
        if (IsTrue(record, "SizeIsDeferred") || IsTrue(record, "IsPartial"))
            return false;
        return !record.TryGetProperty("Size", out var size) || (size.ValueKind == JsonValueKind.Number && size.TryGetInt64(out var whole) && whole == length);
    }

    private static bool IsTrue(JsonElement record, string name) => record.TryGetProperty(name, out var flag) && flag.ValueKind == JsonValueKind.True;

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
