using Dex.Testing;

namespace Dex.Services.Hostile;

/// <summary>One request that must be refused and must change nothing.</summary>
/// <param name="Name">What is wrong with it.</param>
/// <param name="Text">The request, one byte a character; <c>{id}</c> stands for an unfinished upload at offset 3 of 10.</param>
/// <param name="Statuses">What may be answered; <see cref="Closed"/> where hanging up is an answer, too.</param>
/// <param name="Body">What the body begins with, or null where nothing is promised.</param>
internal sealed record HostileRequest(string Name, string Text, int[] Statuses, string? Body = null)
{
    public const int Closed = 0;

    public bool IsHead => Text.StartsWith("HEAD ", StringComparison.Ordinal);

    /// <summary>A complete request. Host and Tus-Resumable come by themselves unless a header of that name is given; one given as <c>Name: -</c> is left out.</summary>
    public static string Compose(string requestLine, string[] headers, string body = "")
    {
        string[] all = [.. Missing(headers, "Host: localhost", "Tus-Resumable: 1.0.0"), .. headers];
        var sent = all.Where(header => !header.EndsWith(": -", StringComparison.Ordinal));
        return $"{requestLine} HTTP/1.1\r\n{string.Concat(sent.Select(header => header + "\r\n"))}\r\n{body}";
    }

    /// <summary>A PATCH of the unfinished upload, right but for what is said.</summary>
    public static string Patch(string[] headers, string body = "hello", string target = "/files/{id}") =>
        Compose($"PATCH {target}", [.. Missing(headers, "Content-Type: application/offset+octet-stream", "Upload-Offset: 3"), .. Framing(headers, body), .. headers], body);

    /// <summary>A creation with a manifest that is accepted, right but for what is said.</summary>
    public static string Creation(string[] headers, string body = "") =>
        Compose("POST /files", [.. Missing(headers, $"Upload-Metadata: {RawRequests.Manifest}"), .. Framing(headers, body), .. headers], body);

    /// <summary>A creation that is right but for its manifest: one entry is added, or replaced, or left out where the value is null.</summary>
    public static string CreationWith(string key, string? value)
    {
        var manifest = ServerManifest.For("hostile.bin");
        if (value is null)
            manifest.Remove(key);
        else
            manifest[key] = value;
        return Creation(["Upload-Length: 5", $"Upload-Metadata: {ServerManifest.Encode(manifest)}"]);
    }

    public override string ToString() => Name;

    private static IEnumerable<string> Missing(string[] headers, params string[] standard) =>
        standard.Where(header => !Has(headers, header[..(header.IndexOf(':', StringComparison.Ordinal) + 1)]));

    private static IEnumerable<string> Framing(string[] headers, string body) =>
        Has(headers, "Content-Length:") || Has(headers, "Transfer-Encoding:") ? [] : [$"Content-Length: {body.Length}"];

    private static bool Has(string[] headers, string name) => headers.Any(header => header.StartsWith(name, StringComparison.OrdinalIgnoreCase));
}
