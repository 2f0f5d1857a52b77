using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Dex.Testing;

/// <summary>The few tus requests that most tests of the whole server need.</summary>
public static class ServerUploads
{
    /// <summary>Creates an upload of the sample stream and returns its id.</summary>
    public static async Task<string> CreateUploadAsync(this HttpClient http, long length, string fileName, CancellationToken cancellationToken)
    {
        using var response = await http.SendCreationAsync(length, fileName, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Created)
            throw new HttpRequestException($"Creation was answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        return response.Headers.Location!.Segments[^1];
    }

    public static Task<HttpResponseMessage> SendCreationAsync(this HttpClient http, long length, string fileName, CancellationToken cancellationToken)
    {
        var request = NewRequest(HttpMethod.Post, "/files");
        request.Headers.Add("Upload-Length", Invariant(length));
        request.Headers.Add("Upload-Metadata", ServerManifest.Encode(ServerManifest.For(fileName)));
        return http.SendAsync(request, cancellationToken);
    }

    public static Task<HttpResponseMessage> SendPatchAsync(
        this HttpClient http, string uploadId, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var request = NewRequest(HttpMethod.Patch, $"/files/{uploadId}");
        request.Headers.Add("Upload-Offset", Invariant(offset));
        request.Content = new ReadOnlyMemoryContent(content);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
        return http.SendAsync(request, cancellationToken);
    }

    /// <summary>Appends; fails unless all of it was stored.</summary>
    public static async Task PatchAsync(this HttpClient http, string uploadId, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        using var response = await http.SendPatchAsync(uploadId, offset, content, cancellationToken);
        if (response.StatusCode != HttpStatusCode.NoContent || OffsetOf(response) != offset + content.Length)
            throw new HttpRequestException($"PATCH was answered {(int)response.StatusCode}, offset {OffsetOf(response)}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
    }

    /// <summary>The offset that HEAD tells; fails on any other answer than 200.</summary>
    public static async Task<long> ReadOffsetAsync(this HttpClient http, string uploadId, CancellationToken cancellationToken)
    {
        using var response = await http.SendAsync(NewRequest(HttpMethod.Head, $"/files/{uploadId}"), cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK || OffsetOf(response) is not { } offset)
            throw new HttpRequestException($"HEAD was answered {(int)response.StatusCode} for {uploadId}.");
        return offset;
    }

    /// <summary>Uploads in one PATCH and returns the id.</summary>
    public static async Task<string> UploadAsync(this HttpClient http, ReadOnlyMemory<byte> content, string fileName, CancellationToken cancellationToken)
    {
        var id = await http.CreateUploadAsync(content.Length, fileName, cancellationToken);
        await http.PatchAsync(id, 0, content, cancellationToken);
        return id;
    }

    public static long? OffsetOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Upload-Offset", out var values)
        && long.TryParse(values.Single(), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            ? offset
            : null;

    private static HttpRequestMessage NewRequest(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Add("Tus-Resumable", "1.0.0");
        return request;
    }

    private static string Invariant(long number) => number.ToString(CultureInfo.InvariantCulture);
}
