using System.Text.Json;

namespace Dex.UploadServer.Routing;

/// <summary>The body of <c>POST /route/{id}</c> (spec: http-api.md 9).</summary>
/// <param name="Source">Where the upload is; only <see cref="UploadSource"/> is known.</param>
internal sealed record RouteRequest(string Target, string Source)
{
    public const string UploadSource = "upload";

    private static readonly JsonDocumentOptions s_limits = new() { MaxDepth = 32 };

    /// <returns>Null unless the bytes are a JSON object whose target and source, if any, are text. Keys in any case; unknown ones ignored.</returns>
    public static RouteRequest? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, s_limits);
            var (target, source) = ("", "");
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name.Equals("target", StringComparison.OrdinalIgnoreCase))
                    target = property.Value.GetString() ?? "";
                else if (property.Name.Equals("source", StringComparison.OrdinalIgnoreCase))
                    source = property.Value.GetString() ?? "";
            }

            return new RouteRequest(target, source.Length == 0 ? UploadSource : source);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is what reading a value of another kind, or text that is not UTF-8, throws.
            return null;
        }
    }
}
