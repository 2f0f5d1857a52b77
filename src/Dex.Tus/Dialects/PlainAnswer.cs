using System.Buffers;
using System.Text;
using System.Text.Json;
using Dex.Tus.Stores;
using Microsoft.AspNetCore.Http;

namespace Dex.Tus.Dialects;

/// <summary>Tells a person that the file has arrived: as JSON, or as a page to the browser that sent a form.</summary>
internal static class PlainAnswer
{
    /// <summary>Whether whoever sent the request shows pages.</summary>
    public static bool IsForBrowser(HttpRequest request) => request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    /// <summary>201 for a complete upload; its <c>Location</c> is set already.</summary>
    public static async ValueTask WriteAsync(HttpContext http, Upload upload, bool isPage)
    {
        var response = http.Response;
        var body = isPage ? Page(upload) : Json(upload, response.Headers.Location.ToString());
        response.StatusCode = StatusCodes.Status201Created;
        response.ContentType = isPage ? "text/html; charset=utf-8" : "application/json";
        if (isPage)
        {
            response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
            response.Headers["Referrer-Policy"] = "no-referrer";
        }

        response.Headers.ContentLength = body.Length;
        await response.Body.WriteAsync(body, CancellationToken.None);
    }

    private static ReadOnlyMemory<byte> Json(Upload upload, string location)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("upload_id", upload.Id);
            json.WriteNumber("size", upload.Offset);
            json.WriteString("location", location);
            json.WriteEndObject();
        }

        body.Write("\n"u8);
        return body.WrittenMemory;
    }

    // Shows nothing that a client sent: an id of ours, and a number.
    private static ReadOnlyMemory<byte> Page(Upload upload) => Encoding.UTF8.GetBytes(
        $"""
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><title>Upload received</title></head>
        <body>
        <h1>Upload received</h1>
        <p>Upload <code>{upload.Id}</code>: {Answers.Number(upload.Offset)} bytes.</p>
        </body>
        </html>

        """);
}
