using System.Net;
using Dex.Testing;

namespace Dex.UploadServer.Tests.Uploads;

/// <summary>What reports, events and <c>/info</c> tell of a final upload that was created before its parts were complete (tus.md CC9, CC10).</summary>
public sealed class PendingFinalReportsTests(UploadServerFixture server) : IClassFixture<UploadServerFixture>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Rule("CC9")]
    public async Task CC9_it_is_reported_as_started_and_then_as_completed_with_one_delivery()
    {
        var part = await CreateAsync("partial", ("Upload-Length", "5"));
        var final = await CreateAsync($"final;/files/{part} /files/{part}");
        var statusBefore = await StatusAsync(final);
        var offsetsBefore = server.Offsets(final).ToArray();

        await server.Http.PatchAsync(part, 0, new byte[5], Stop);
        await Eventually.TrueAsync(async () => await StatusAsync(final) == "Complete");

        Assert.Equal("Initiated", statusBefore);
        Assert.Equal([0], offsetsBefore);
        Assert.Equal([0, 10], server.Offsets(final));
        Assert.Single(server.Reports(final, "upload-started"));
        await Eventually.TrueAsync(() => server.Reports(final, "upload-completed").Count == 1 && server.Events(final).Count == 1);
        Assert.Empty(server.Reports(part, "upload-completed"));
        Assert.Empty(server.Events(part));
    }

    [Fact]
    [Rule("CC9")]
    public async Task CC9_one_that_has_lost_a_part_goes_nowhere()
    {
        var part = await CreateAsync("partial", ("Upload-Length", "5"));
        var final = await CreateAsync($"final;/files/{part}");

        using var deleted = await SendAsync(HttpMethod.Delete, $"/files/{part}");
        using var head = await SendAsync(HttpMethod.Head, $"/files/{final}");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.Gone), (deleted.StatusCode, head.StatusCode));
        Assert.Equal("Initiated", await StatusAsync(final));
        Assert.Empty(server.Events(final));
        await Eventually.TrueAsync(() => server.Log.Text.Split('\n').Any(line => line.Contains("a final upload can never be complete", StringComparison.Ordinal) && line.Contains(final, StringComparison.Ordinal)));
    }

    private async Task<string?> StatusAsync(string uploadId)
    {
        using var info = System.Text.Json.JsonDocument.Parse(await server.Http.GetStringAsync(new Uri($"/info/{uploadId}", UriKind.Relative), Stop));
        return info.RootElement.GetProperty("upload_status").GetProperty("status").GetString();
    }

    private async Task<string> CreateAsync(string concat, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(
            HttpMethod.Post, "/files", [.. headers, ("Upload-Concat", concat), ("Upload-Metadata", ServerManifest.Encode(ServerManifest.For("joined.bin")))]);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return response.Headers.Location!.Segments[^1];
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Add("Tus-Resumable", "1.0.0");
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return server.Http.SendAsync(request, Stop);
    }
}
