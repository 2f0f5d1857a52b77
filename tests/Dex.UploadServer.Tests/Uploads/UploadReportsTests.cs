using System.Net;
using Dex.Testing;

namespace Dex.UploadServer.Tests.Uploads;

/// <summary>Which report lines an upload leaves, and that they are there when the client is answered (spec: reports-and-events.md 4 and 9.8).</summary>
public sealed class UploadReportsTests(UploadServerFixture server) : IClassFixture<UploadServerFixture>
{
    private static readonly string[] Creation = ["metadata-transform", "metadata-verify", "upload-started"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_upload_in_one_request_has_one_line_of_each_and_two_of_its_status()
    {
        var id = await server.Http.UploadAsync(new byte[100], "one", Stop);

        Assert.Equal([0, 100], server.Offsets(id));
        Assert.All([.. Creation, "upload-completed"], type => Assert.Single(server.Reports(id, type)));
        Assert.Single(server.Events(id));
    }

    [Fact]
    public async Task Every_chunk_has_its_status_line_when_it_is_answered()
    {
        var id = await server.Http.CreateUploadAsync(50, "chunks", Stop);

        for (var offset = 0; offset < 50; offset += 10)
        {
            await server.Http.PatchAsync(id, offset, new byte[10], Stop);
            Assert.Equal(Enumerable.Range(0, (offset / 10) + 2).Select(chunk => chunk * 10L), server.Offsets(id));
        }

        Assert.Single(server.Reports(id, "upload-completed"));
    }

    [Theory]
    [InlineData(5, 5)]
    [InlineData(10, 5)]
    [InlineData(0, 0)]
    public async Task Creation_with_bytes_starts_at_zero_and_tells_what_it_has_brought(long length, int brought)
    {
        using var answer = await SendAsync(HttpMethod.Post, "/files", Header("Upload-Length", $"{length}"), brought);
        var id = answer.Headers.Location!.Segments[^1];

        Assert.Equal([0, brought], server.Offsets(id));
        Assert.Equal(length == brought ? 1 : 0, server.Reports(id, "upload-completed").Count);
        Assert.Equal(length == brought ? 1 : 0, server.Events(id).Count);
    }

    [Fact]
    public async Task A_deferred_length_is_zero_until_it_is_declared()
    {
        using var created = await SendAsync(HttpMethod.Post, "/files", Header("Upload-Defer-Length", "1"));
        var id = created.Headers.Location!.Segments[^1];
        await server.Http.PatchAsync(id, 0, new byte[5], Stop);

        using var last = await SendAsync(HttpMethod.Patch, $"/files/{id}", [.. Header("Upload-Offset", "5"), .. Header("Upload-Length", "8")], 3);

        Assert.Equal(HttpStatusCode.NoContent, last.StatusCode);
        Assert.Equal([0, 5, 8], server.Offsets(id));
        Assert.Equal([0, 0, 8], server.Reports(id, "upload-status").Select(report => report.GetProperty("content").GetProperty("size").GetInt64()));
    }

    [Fact]
    [Rule("CC10")]
    public async Task Parts_have_their_status_and_only_what_they_are_joined_into_is_completed_and_delivered()
    {
        using var first = await SendAsync(HttpMethod.Post, "/files", [.. Header("Upload-Length", "5"), .. Header("Upload-Concat", "partial")]);
        var part = first.Headers.Location!.Segments[^1];
        await server.Http.PatchAsync(part, 0, new byte[5], Stop);

        using var joined = await SendAsync(HttpMethod.Post, "/files", Header("Upload-Concat", $"final;/files/{part} /files/{part}"));
        var whole = joined.Headers.Location!.Segments[^1];

        Assert.Equal([0, 5], server.Offsets(part));
        Assert.Empty(server.Reports(part, "upload-completed"));
        Assert.Empty(server.Events(part));
        Assert.Equal(10, server.Offsets(whole).Last());
        Assert.Single(server.Reports(whole, "upload-completed"));
        Assert.Single(server.Events(whole));
    }

    [Fact]
    [Rule("TE1")]
    public async Task A_deleted_upload_keeps_its_lines_and_gets_no_more()
    {
        var id = await server.Http.CreateUploadAsync(5, "deleted", Stop);
        await server.Http.PatchAsync(id, 0, new byte[2], Stop);

        using var answer = await SendAsync(HttpMethod.Delete, $"/files/{id}", []);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal([0, 2], server.Offsets(id));
        Assert.Empty(server.Reports(id, "upload-completed"));
    }

    [Fact]
    public async Task An_upload_that_is_not_finished_cannot_be_delivered_again()
    {
        var id = await server.Http.CreateUploadAsync(5, "unfinished", Stop);

        using var answer = await server.Http.PostAsync($"/route/{id}", new StringContent("""{"target":"edav"}"""), Stop);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("source file does not exist", await answer.Content.ReadAsStringAsync(Stop));
        Assert.Empty(server.Events(id));
    }

    [Fact]
    public async Task While_a_body_is_received_info_tells_how_far_it_is_and_does_not_disturb_it()
    {
        var id = await server.Http.CreateUploadAsync(6, "running", Stop);
        using var body = new TricklingContent(parts: 3);
        using var request = NewRequest(HttpMethod.Patch, $"/files/{id}", Header("Upload-Offset", "0"));
        request.Content = body;
        request.Content.Headers.ContentType = new("application/offset+octet-stream");
        var receiving = server.Http.SendAsync(request, Stop);

        for (var size = 2; size < 6; size += 2)
        {
            await body.SendPartAsync();
            await Eventually.TrueAsync(async () => await server.Http.GetStringAsync($"/info/{id}", Stop) is var info
                && info.Contains($"\"size_bytes\":{size},", StringComparison.Ordinal)
                && info.Contains("\"status\":\"In Progress\"", StringComparison.Ordinal));
        }

        await body.SendPartAsync();
        using var answer = await receiving;
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(6, ServerUploads.OffsetOf(answer));
    }

    [Fact]
    public async Task The_log_has_the_words_and_fields_that_operators_look_for_and_no_manifest_value()
    {
        var id = await server.Http.CreateUploadAsync(5, "zq-name", Stop);
        await server.Http.PatchAsync(id, 0, new byte[2], Stop);
        await server.Http.PatchAsync(id, 2, new byte[3], Stop);
        using var rejected = await server.Http.SendCreationAsync(5, "zq/name", Stop);
        await Eventually.TrueAsync(() => server.Log.Lines.Any(line =>
            line.GetProperty("msg").GetString() == "file-copy report complete" && line.GetProperty("uploadId").GetString() == id));

        var lines = server.Log.Lines.ToLookup(line => line.GetProperty("msg").GetString()!);

        Assert.Contains(lines["set tus upload ID"], line => line.GetProperty("upload ID").GetString() == id);
        Assert.Contains(lines["checking the sender manifest"], line => line.GetProperty("manifest").GetProperty("data_stream_id").GetString() == "dextesting");
        Assert.Contains(lines["checking config"], line => line.GetProperty("config").GetString() == "dextesting_testevent1.json");
        Assert.Contains(lines["validation errors and warnings"], line => line.GetProperty("errors")[0].GetString() == "invalid character found in *** validation failure");
        Assert.Contains(lines["starting upload-status report"], line => line.GetProperty("uploadId").GetString() == id);
        Assert.Contains(lines["upload-status report complete"], line => line.GetProperty("uploadId").GetString() == id);
        Assert.Contains(lines["published event"], line => line.GetProperty("event").GetProperty("upload_id").GetString() == id);
        Assert.Contains(lines["file delivered"], line => line.GetProperty("event").GetString() == $"{id}edav");
        Assert.DoesNotContain("zq", server.Log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("test sender", server.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_request_is_logged_so_that_a_gateways_log_can_be_laid_beside_it()
    {
        var id = await server.Http.CreateUploadAsync(5, "broken", Stop);
        await File.WriteAllTextAsync(server.RecordPath(id), "{", Stop);

        using var answer = await SendAsync(HttpMethod.Delete, $"/files/{id}", Header("X-Request-ID", new string('r', 40)));

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        var line = Assert.Single(server.Log.Lines, line => line.GetProperty("msg").GetString() == "upload request failed");
        Assert.Equal(
            (id, "DELETE", $"/files/{id}", new string('r', 36)),
            (line.GetProperty("uploadId").GetString(), line.GetProperty("method").GetString(), line.GetProperty("path").GetString(), line.GetProperty("requestId").GetString()));
    }

    private static KeyValuePair<string, string>[] Header(string name, string value) => [new(name, value)];

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, KeyValuePair<string, string>[] headers, int bytes = 0)
    {
        var request = NewRequest(method, path, headers);
        request.Content = new ByteArrayContent(new byte[bytes]);
        if (method == HttpMethod.Patch || bytes > 0)
            request.Content.Headers.ContentType = new("application/offset+octet-stream");
        return server.Http.SendAsync(request, Stop);
    }

    private static HttpRequestMessage NewRequest(HttpMethod method, string path, KeyValuePair<string, string>[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Tus-Resumable", "1.0.0");
        if (method == HttpMethod.Post)
            request.Headers.Add("Upload-Metadata", ServerManifest.Encode(ServerManifest.For("sample")));
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return request;
    }

    /// <summary>A body of two bytes a part, each sent when the test says so.</summary>
    private sealed class TricklingContent(int parts) : HttpContent
    {
        private readonly SemaphoreSlim _ready = new(0);
        private readonly SemaphoreSlim _sent = new(0);

        public async Task SendPartAsync()
        {
            _ready.Release();
            Assert.True(await _sent.WaitAsync(TimeSpan.FromSeconds(20), Stop));
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var part = 0; part < parts; part++)
            {
                await _ready.WaitAsync(TimeSpan.FromSeconds(20), Stop);
                await stream.WriteAsync(new byte[2], Stop);
                await stream.FlushAsync(Stop);
                _sent.Release();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = parts * 2;
            return true;
        }

        protected override void Dispose(bool disposing)
        {
            _ready.Dispose();
            _sent.Dispose();
            base.Dispose(disposing);
        }
    }
}
