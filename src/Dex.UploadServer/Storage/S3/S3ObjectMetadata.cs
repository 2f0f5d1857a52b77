using Amazon.S3.Model;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Storage.S3;

/// <summary>An upload's metadata on its object (spec: tus.md S38, storage-layout.md 5). What does not fit is left out; all of it is in the record.</summary>
internal static class S3ObjectMetadata
{
    /// <summary>S3's own limit, keys and values together.</summary>
    private const int MostBytes = 2048;

    private const string ContentTypeKey = "filetype";

    public static void Write(UploadMetadata metadata, InitiateMultipartUploadRequest request)
    {
        var room = MostBytes;
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, text) in metadata.ToSortedText())
        {
            var value = Printable(text);
            if (!IsToken(key) || key.Length + value.Length > room || !taken.Add(key))
                continue;
            request.Metadata.Add(key, value);
            room -= key.Length + value.Length;
        }

        if (metadata.TryGetText(ContentTypeKey, out var type) && System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(type, out _) && Printable(type) == type)
            request.ContentType = type;
    }

    // Blanks at the ends are no part of a header's value, so they must not be signed.
    private static string Printable(string text) =>
        string.Create(text.Length, text, static (characters, source) =>
        {
            for (var i = 0; i < characters.Length; i++)
                characters[i] = source[i] is '\t' or (>= ' ' and <= '~') ? source[i] : '?';
        }).Trim();

    private static bool IsToken(string key) => key.Length > 0 && key.All(character => char.IsAsciiLetterOrDigit(character) || "!#$%&'*+-.^_`|~".Contains(character, StringComparison.Ordinal));
}
