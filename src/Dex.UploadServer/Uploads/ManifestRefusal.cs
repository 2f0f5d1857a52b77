using System.Buffers;
using System.Text;
using System.Text.Json;
using Dex.Tus.Lifecycle;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Uploads;

/// <summary>The answers to a creation that the manifest check stops (spec: http-api.md 3.3, manifests.md 6).</summary>
internal static class ManifestRefusal
{
    // JSON in a body that says it is text: senders in the field look at neither, and tools compare both.
    private const string PlainText = "text/plain; charset=utf-8";

    /// <summary>400 with every problem found.</summary>
    public static CreationRefusal Rejected(string uploadId, IEnumerable<string> problems)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body, WireJson.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("upload_id", uploadId);
            json.WriteStartArray("validation_errors");
            foreach (var problem in problems)
                json.WriteStringValue(problem);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return new CreationRefusal(StatusCodes.Status400BadRequest, PlainText, body.WrittenMemory);
    }

    /// <summary>500: the rules themselves cannot be read.</summary>
    public static CreationRefusal Unreadable(string reason) =>
        new(StatusCodes.Status500InternalServerError, PlainText, Encoding.UTF8.GetBytes($"ERR_INTERNAL_SERVER_ERROR: {reason}\n"));
}
