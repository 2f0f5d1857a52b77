using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Dex.UploadServer.Manifests;

/// <summary>The rules for the manifests of one data stream and route (spec: manifests.md 4). The order of fields is the order of complaints and of the UI's inputs.</summary>
internal sealed record ManifestConfig(ImmutableArray<ManifestField> Fields)
{
    /// <summary>Reads a config document: keys in any case, unknown ones ignored, of equal ones the last.</summary>
    /// <exception cref="FormatException">Not such a document; the message tells where and shows none of its text.</exception>
    public static ManifestConfig Parse(string json)
    {
        try
        {
            // By way of bytes, so that half a surrogate pair from a variable becomes U+FFFD.
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(json));
            var metadata = Find(Object(document.RootElement, "the document"), "metadata_config");
            var fields = metadata is { } rules ? Find(Object(rules, "metadata_config"), "fields") : null;
            return new(fields is { } list ? [.. Array(list, "fields").Select(ReadField)] : []);
        }
        catch (JsonException error)
        {
            throw new FormatException($"not valid JSON at line {error.LineNumber + 1}", error);
        }
        catch (InvalidOperationException error)
        {
            // An escaped half of a surrogate pair parses, and only reading it as text fails.
            throw new FormatException("text that is not valid Unicode", error);
        }
    }

    private static ManifestField ReadField(JsonElement element)
    {
        var field = Object(element, "a field");
        var allowed = Find(field, "allowed_values");
        return new(
            Text(Find(field, "field_name"), "field_name"),
            Find(field, "required") is { } required && Flag(required),
            allowed is { } values ? [.. Array(values, "allowed_values").Select(value => Text(value, "allowed_values"))] : [],
            Text(Find(field, "description"), "description"));
    }

    // Null means absent, wherever it stands.
    private static JsonElement? Find(JsonElement? owner, string key)
    {
        JsonElement? found = null;
        if (owner is { } present)
        {
            foreach (var property in present.EnumerateObject())
            {
                if (property.Name.Equals(key, StringComparison.OrdinalIgnoreCase) && property.Value.ValueKind != JsonValueKind.Null)
                    found = property.Value;
            }
        }

        return found;
    }

    private static JsonElement? Object(JsonElement element, string what) => element.ValueKind switch
    {
        JsonValueKind.Object => element,
        JsonValueKind.Null => null,
        _ => throw new FormatException($"{what} must be an object"),
    };

    private static JsonElement.ArrayEnumerator Array(JsonElement element, string what) => element.ValueKind == JsonValueKind.Array
        ? element.EnumerateArray()
        : throw new FormatException($"{what} must be a list");

    private static bool Flag(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw new FormatException("required must be true or false"),
    };

    private static string Text(JsonElement? element, string what) => element?.ValueKind switch
    {
        null or JsonValueKind.Null => "",
        JsonValueKind.String => element.Value.GetString() ?? "",
        _ => throw new FormatException($"{what} must be text"),
    };
}

/// <summary>One rule of a <see cref="ManifestConfig"/>.</summary>
/// <param name="Name">The manifest key.</param>
/// <param name="AllowedValues">Exact values; empty when any will do.</param>
/// <param name="Description">For people.</param>
internal sealed record ManifestField(string Name, bool Required, ImmutableArray<string> AllowedValues, string Description);
