using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dex.UploadServer.Ledger;

/// <summary>Manifests and issues as the ledger's rows hold them: small JSON documents, so that a database shell can read and search them.</summary>
internal static class LedgerText
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static ReadOnlyMemory<byte> Write(ImmutableSortedDictionary<string, string> manifest)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer, Plain);
        json.WriteStartObject();
        foreach (var (key, value) in manifest)
            json.WriteString(key, value);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    public static ImmutableSortedDictionary<string, string> ReadManifest(ReadOnlySpan<byte> text)
    {
        var manifest = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var json = new Utf8JsonReader(text);
        while (json.Read())
        {
            if (json.TokenType != JsonTokenType.PropertyName)
                continue;
            var key = json.GetString()!;
            json.Read();
            manifest[key] = json.GetString() ?? "";
        }

        return manifest.ToImmutable();
    }

    /// <summary>A list of <c>[level, message]</c> pairs.</summary>
    public static ReadOnlyMemory<byte> Write(ImmutableArray<AttemptIssue> issues)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, Plain);
        json.WriteStartArray();
        foreach (var issue in issues)
        {
            json.WriteStartArray();
            json.WriteStringValue(issue.Level);
            json.WriteStringValue(issue.Message);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.Flush();
        return buffer.WrittenMemory;
    }

    public static ImmutableArray<AttemptIssue> ReadIssues(ReadOnlySpan<byte> text)
    {
        var issues = ImmutableArray.CreateBuilder<AttemptIssue>();
        var json = new Utf8JsonReader(text);
        while (json.Read())
        {
            if (json.TokenType != JsonTokenType.String)
                continue;
            var level = json.GetString()!;
            json.Read();
            issues.Add(new AttemptIssue(level, json.GetString()!));
        }

        return issues.ToImmutable();
    }
}
