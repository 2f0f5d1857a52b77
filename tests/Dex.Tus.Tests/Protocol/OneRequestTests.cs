using System.Text.Json;
using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>A whole file in one request of plain HTTP (docs/adr/0012), and what stays with the resumable dialects (spec: tus.md R3, R4, R6, V2).</summary>
public sealed class OneRequestTests(TusServer server) : IClassFixture<TusServer>
{
    private const string Metadata = "Upload-Metadata: a Yg==,filename aGVsbG8udHh0";
    private const string BadVersion = "ERR_UNSUPPORTED_VERSION: missing, invalid or unsupported Tus-Resumable header\n";

    [Theory]
    [InlineData("POST /files", "Content-Length: 5", "hello", "hello")]
    [InlineData("POST /files/", "Content-Length: 5\r\nContent-Type: text/csv; charset=utf-8", "hello", "hello")]
    [InlineData("POST /files", "Content-Length: 5\r\nContent-Type: application/x-www-form-urlencoded", "hello", "hello")]
    [InlineData("POST /files", "Transfer-Encoding: chunked", "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello")]
    [InlineData("POST /files", "Transfer-Encoding: chunked", "0\r\n\r\n", "")]
    [InlineData("PUT /files", "Content-Length: 5", "hello", "hello")]
    [InlineData("PUT /files/", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("PUT /files/hello.txt", "Content-Length: 5\r\nContent-Type: multipart/form-data; boundary=x", "hello", "hello")]
    [InlineData("PUT /files/hello.txt", "Content-Length: 0", "", "")]
    public async Task A_body_with_its_metadata_is_a_complete_upload(string target, string headers, string body, string content)
    {
        var answer = await server.RequestAsync(Plain(target, body, Metadata, headers));

        Assert.Equal((201, "application/json", "nosniff"), (answer.Status, answer.Header("Content-Type"), answer.Header("X-Content-Type-Options")));
        var id = answer.Header("Location")![^36..];
        using var json = JsonDocument.Parse(answer.Body);
        Assert.Equal((id, content.Length, answer.Header("Location")), (Text(json, "upload_id"), json.RootElement.GetProperty("size").GetInt32(), Text(json, "location")));
        Assert.Equal(content, System.Text.Encoding.ASCII.GetString(server.Store.BytesOf(id)));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
        var head = await server.TusAsync("HEAD", $"/files/{id}");
        Assert.Equal(($"{content.Length}", $"{content.Length}"), (head.Header("Upload-Length"), head.Header("Upload-Offset")));
        Assert.Equal("a Yg==,filename aGVsbG8udHh0", head.Header("Upload-Metadata"));
        Assert.Null(answer.Header("Tus-Resumable"));
    }

    [Theory]
    [InlineData("/files/hello.txt", "aGVsbG8udHh0")]
    [InlineData("/files/a%20b.txt?x=y", "YSBiLnR4dA==")]
    [InlineData("/files/b%C3%A4r", "YsOkcg==")]
    [InlineData("/files/%22a%22", "ImEi")]
    [Rule("MD3")]
    public async Task MD3_the_last_segment_names_the_file_if_the_metadata_does_not(string path, string name)
    {
        var unnamed = await server.RequestAsync(Plain($"PUT {path}", "hello", "Upload-Metadata: a Yg=="));
        var named = await server.RequestAsync(Plain($"PUT {path}", "hello", "Upload-Metadata: filename eA=="));

        Assert.Equal($"a Yg==,filename {name}", await MetadataOf(unnamed));
        Assert.Equal("filename eA==", await MetadataOf(named));
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a/")]
    [InlineData("..%2f..%2fetc%2fpasswd")]
    [InlineData("%2Fetc")]
    [InlineData("a%5Cb")]
    [InlineData("a%0d%0aX-Evil:%201")]
    [InlineData("a%7F")]
    [InlineData("00000000-0000-4000-8000-000000000000.info")]
    [InlineData("LONG")]
    [Rule("R3", "X1")]
    public async Task R3_X1_what_is_no_plain_name_is_not_found_and_stores_nothing(string name)
    {
        var before = server.Store.Count;

        var answer = await server.RequestAsync(Plain($"PUT /files/{name.Replace("LONG", new string('a', 6_000), StringComparison.Ordinal)}", "hello", Metadata));

        Assert.Equal((404, "ERR_UPLOAD_NOT_FOUND: upload not found\n"), (answer.Status, answer.Body));
        Assert.Equal(before, server.Store.Count);
    }

    [Theory]
    [InlineData("POST /files", "", "hello")]
    [InlineData("POST /files", Metadata, "")]
    [InlineData("POST /files", Metadata + "\r\nUpload-Length: 5", "hello")]
    [InlineData("POST /files", Metadata + "\r\nUpload-Defer-Length: 1", "hello")]
    [InlineData("POST /files", Metadata + "\r\nUpload-Offset: 0", "hello")]
    [InlineData("POST /files", Metadata + "\r\nUpload-Concat: partial", "hello")]
    [InlineData("POST /files", Metadata + "\r\nUpload-Complete: 1", "hello")]
    [InlineData("POST /files", Metadata + "\r\nUpload-Incomplete: ?0", "hello")]
    [InlineData("POST /files", Metadata + "\r\nUpload-Draft-Interop-Version: 9", "hello")]
    [InlineData("POST /files", Metadata + "\r\nUpload-Checksum: md5 x", "hello")]
    [InlineData("POST /files", Metadata + "\r\nX-HTTP-Method-Override: POST", "hello")]
    [InlineData("POST /files", Metadata + "\r\nX-HTTP-Method-Override: PUT", "hello")]
    [InlineData("POST /files", Metadata + "\r\nTus-Resumable: 9", "hello")]
    [InlineData("POST /files", "Content-Type: multipart/form-data; boundary=x\r\nUpload-Length: 5", "hello")]
    [InlineData("POST /files/name", Metadata, "hello")]
    [InlineData("PUT /files", "", "hello")]
    [InlineData("PUT /files/hello.txt", "", "hello")]
    [InlineData("PUT /files/00000000-0000-4000-8000-000000000000", Metadata, "hello")]
    [InlineData("PUT /files/hello.txt", Metadata, null)]
    [InlineData("PATCH /files", Metadata, "hello")]
    [Rule("R6", "V2")]
    public async Task R6_V2_what_may_be_meant_for_a_resumable_protocol_is_its_to_answer(string target, string headers, string? body)
    {
        var before = server.Store.Count;

        var answer = await server.RequestAsync(Plain(target, body, headers));

        Assert.Equal((412, BadVersion, "1.0.0"), (answer.Status, answer.Body, answer.Header("Tus-Resumable")));
        Assert.Equal(before, server.Store.Count);
    }

    [Theory]
    [InlineData("POST /files")]
    [InlineData("PUT /files/hello.txt")]
    [Rule("H8", "CR7")]
    public async Task H8_CR7_100_Continue_is_sent_only_after_the_hosts_check(string target)
    {
        var before = server.Store.Count;
        using var refused = await RawConnection.OpenAsync(server.Port);
        using var accepted = await RawConnection.OpenAsync(server.Port);
        string[] headers = [Metadata, "Expect: 100-continue", "Content-Length: 5", "Origin: http://localhost:8081"];

        server.Lifecycle.Refusal = new Lifecycle.CreationRefusal(400, "text/plain; charset=utf-8", "{\"a\":1}"u8.ToArray());
        await refused.SendAsync(Plain(target, "", headers));
        var refusal = await refused.ReadAnswerAsync();
        server.Lifecycle.Refusal = null;
        Assert.Equal(before, server.Store.Count);
        await accepted.SendAsync(Plain(target, "", headers));

        Assert.Equal((400, "{\"a\":1}", "http://localhost:8081"), (refusal!.Status, refusal.Body, refusal.Header("Access-Control-Allow-Origin")));
        Assert.Equal(100, (await accepted.ReadAnswerAsync())!.Status);
        await accepted.SendAsync("hello");
        Assert.Equal(201, (await accepted.ReadAnswerAsync())!.Status);
    }

    [Fact]
    [Rule("H7")]
    public async Task H7_a_refusal_reaches_a_client_that_is_still_sending()
    {
        using var connection = await RawConnection.OpenAsync(server.Port);
        server.Lifecycle.Refusal = new Lifecycle.CreationRefusal(400, "text/plain; charset=utf-8", "no"u8.ToArray());

        await connection.SendAsync(Plain("PUT /files/x", "", Metadata, "Content-Length: 4194304"));
        await connection.SendAsync(new byte[4194304]);
        var answer = await connection.ReadAnswerAsync();

        server.Lifecycle.Refusal = null;
        Assert.Equal((400, "no"), (answer!.Status, answer.Body));
        await connection.SendAsync(Plain("PUT /files/x", "hello", Metadata));
        Assert.Equal(201, (await connection.ReadAnswerAsync())!.Status);
    }

    [Theory]
    [InlineData("Content-Length: 100", "hello")]
    [InlineData("Transfer-Encoding: chunked", "5\r\nhello\r\n")]
    [Rule("BR2")]
    public async Task BR2_a_cut_body_is_kept_unfinished_and_can_be_resumed(string framing, string body)
    {
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(Plain("PUT /files/x", body, Metadata, framing));
        connection.EndSending();
        var answer = await connection.ReadAnswerAsync();

        Assert.Equal((400, "ERR_UNEXPECTED_EOF: server expected to receive more bytes\n"), (answer!.Status, answer.Body));
        var id = answer.Header("Location")![^36..];
        Assert.Equal("5", await server.OffsetAsync(id));
        Assert.Equal(0, server.Lifecycle.CountOf("finishing", id));
        Assert.Equal(0, server.Locker.Count);
    }

    [Fact]
    [Rule("CR3")]
    public async Task CR3_a_file_above_the_maximum_leaves_nothing()
    {
        await using var small = new TusServer(options => options.MaxSize = 4);
        await small.InitializeAsync();

        var announced = await small.RequestAsync(Plain("PUT /files/x", "hello", Metadata));
        var chunked = await small.RequestAsync(Plain("PUT /files/x", "5\r\nhello\r\n0\r\n\r\n", Metadata, "Transfer-Encoding: chunked"));
        var fits = await small.RequestAsync(Plain("PUT /files/x", "hell", Metadata));

        Assert.Equal((413, "ERR_MAX_SIZE_EXCEEDED: maximum size exceeded\n"), (announced.Status, announced.Body));
        Assert.Equal((413, "ERR_UPLOAD_SIZE_EXCEEDED: upload's size exceeded\n"), (chunked.Status, chunked.Body));
        Assert.Null(chunked.Header("Location"));
        Assert.Equal(201, fits.Status);
        Assert.Equal(1, small.Store.Count);
    }

    [Fact]
    [Rule("R6")]
    public async Task R6_a_draft_creation_with_all_of_its_content_is_one_round_trip_too()
    {
        var answer = await server.RequestAsync(Plain("POST /files", "hello", Metadata, "Upload-Complete: ?1"));

        Assert.Equal((201, "?1", "5"), (answer.Status, answer.Header("Upload-Complete"), answer.Header("Upload-Offset")));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", answer.Header("Location")![^36..]));
    }

    /// <summary>A request of plain HTTP, without a word of a body if that is null; <paramref name="headers"/> are whole lines, empty ones are left out.</summary>
    internal static string Plain(string target, string? body, params string[] headers)
    {
        var lines = string.Join("\r\n", headers.Where(header => header.Length > 0));
        var isFramed = body is null || lines.Contains("Content-Length", StringComparison.Ordinal) || lines.Contains("Transfer-Encoding", StringComparison.Ordinal);
        return $"{target} HTTP/1.1\r\nHost: up.example\r\n{(lines.Length > 0 ? lines + "\r\n" : "")}{(isFramed ? "" : $"Content-Length: {body!.Length}\r\n")}\r\n{body}";
    }

    private async Task<string?> MetadataOf(RawAnswer created)
    {
        Assert.Equal(201, created.Status);
        return (await server.TusAsync("HEAD", "/files/" + created.Header("Location")![^36..])).Header("Upload-Metadata");
    }

    private static string? Text(JsonDocument json, string name) => json.RootElement.GetProperty(name).GetString();
}
