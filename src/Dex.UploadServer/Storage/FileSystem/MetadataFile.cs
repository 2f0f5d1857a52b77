using System.Collections.Immutable;
using System.Text.Json;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Metadata as it lies beside an upload (spec: storage-layout.md 1 and 2).</summary>
internal static class MetadataFile
{
    /// <summary>A JSON object of texts, and nothing else; null if there is no such file, or it is not that.</summary>
    public static ImmutableSortedDictionary<string, string>? Read(string path) => Read(path, Texts);

    /// <summary>The <c>MetaData</c> of an upload's record; null also if the record says that <paramref name="storedBytes"/> are not the whole upload, or that it is a part of another.</summary>
    public static ImmutableSortedDictionary<string, string>? ReadFromRecord(string path, long storedBytes) => Read(path, record =>
    {
        if (record.ValueKind != JsonValueKind.Object || !IsFinished(record, storedBytes))
            return null;
        return record.TryGetProperty("MetaData", out var metadata) && metadata.ValueKind == JsonValueKind.Object
            ? Texts(metadata)
            : ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
    });

    /// <summary>Whether a record says that <paramref name="storedBytes"/> are a whole upload, and no part of another.</summary>
    public static bool IsFinished(JsonElement record, long storedBytes) =>
        record.TryGetProperty("Size", out var size) && size.GetInt64() == storedBytes
        && !(record.TryGetProperty("SizeIsDeferred", out var deferred) && deferred.GetBoolean())
        && !(record.TryGetProperty("IsPartial", out var partial) && partial.GetBoolean());

    /// <summary>What <paramref name="choose"/> makes of a JSON file; null if there is none, or it cannot make anything of it.</summary>
    public static T? Read<T>(string path, Func<JsonElement, T?> choose)
        where T : class
    {
        // A pipe by that name would be read for ever.
        if (Posix.Stat(path) is not { IsRegular: true, Size: <= UploadRecordJson.MaxBytes })
            return null;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return choose(document.RootElement);
        }
        catch (Exception error) when (error is FileNotFoundException or JsonException or InvalidOperationException or FormatException)
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
