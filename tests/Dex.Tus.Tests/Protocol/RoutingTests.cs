using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md 1 and 2.</summary>
public sealed class RoutingTests(TusServer server) : IClassFixture<TusServer>
{
    private const string Unknown = "00000000-0000-4000-8000-000000000000";

    [Theory]
    [InlineData("/files")]
    [InlineData("/files/")]
    [InlineData("/files?a=b")]
    [Rule("R1", "R2")]
    public async Task R1_the_collection_answers_with_and_without_slash(string path)
    {
        var answer = await server.TusAsync("POST", path, "", "Upload-Length: 1");

        Assert.Equal(201, answer.Status);
        Assert.Matches("^http://up.example/files/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", answer.Header("Location"));
    }

    [Theory]
    [InlineData("{0}/")]
    [InlineData("{0}?x=1")]
    [InlineData("%{1:x}{2}")]
    [Rule("R1")]
    public async Task R1_an_upload_is_found_with_slash_query_and_escapes(string form)
    {
        var id = await server.CreateAsync(1);

        var answer = await server.TusAsync("HEAD", "/files/" + string.Format(System.Globalization.CultureInfo.InvariantCulture, form, id, (int)id[0], id[1..]));

        Assert.Equal(200, answer.Status);
    }

    public static TheoryData<string, string, int> NoIds
    {
        get
        {
            string[] ids =
            [
                "x", "00000000-0000-4000-8000-00000000000G", "00000000-0000-4000-8000-00000000000A", "00000000-0000-4000-8000-00000000000",
                "00000000-0000-4000-8000-0000000000000", "{00000000-0000-4000-8000-000000000000}", "00000000000040008000000000000000",
                Unknown + ".info", Unknown + ".meta", Unknown + ".part", Unknown + ".lock", Unknown + "%2einfo", Unknown + "%20", Unknown + "+x",
                Unknown + "%0d%0aX:y", "%0d%0a", "..%2f..%2fetc%2fpasswd", "%2fetc", "%5c..%5c", "..%5c..", "a/b", "%ff%fe", "%c3%28", "%", "%zz",
                new string('a', 6_000),
            ];
            var data = new TheoryData<string, string, int>();
            foreach (var id in ids)
            {
                foreach (var method in new[] { "HEAD", "PATCH", "DELETE", "GET", "POST", "PUT" })
                    data.Add(method, id, 404);
            }

            data.Add("PATCH", "%00", 400); // refused below the protocol
            data.Add("PATCH", Unknown + "%00", 400);
            data.Add("PATCH", "\u00e9", 400);
            return data;
        }
    }

    [Theory, MemberData(nameof(NoIds))]
    [Rule("R3", "X1", "X2")]
    public async Task R3_X1_what_is_no_id_is_not_found_before_any_look_up(string method, string id, int status)
    {
        server.Store.FailNext["FindAsync"] = new IOException("looked up");

        var answer = await server.TusAsync(method, "/files/" + id); // no content type, no offset: it does not matter

        server.Store.FailNext.Clear();
        Assert.Equal(status, answer.Status);
        if (status == 404 && method != "HEAD")
            Assert.Equal("ERR_UPLOAD_NOT_FOUND: upload not found\n", answer.Body);
        Assert.Equal(method == "HEAD" ? "no-store" : null, answer.Header("Cache-Control"));
    }

    [Theory]
    [InlineData("GET", "/files", "POST")]
    [InlineData("PUT", "/files", "POST")]
    [InlineData("PATCH", "/files", "POST")]
    [InlineData("DELETE", "/files/", "POST")]
    [InlineData("GET", "/files/" + Unknown, "GET, HEAD, PATCH, DELETE")]
    [InlineData("POST", "/files/" + Unknown, "GET, HEAD, PATCH, DELETE")]
    [InlineData("PUT", "/files/" + Unknown, "GET, HEAD, PATCH, DELETE")]
    [InlineData("BREW", "/files/" + Unknown, "GET, HEAD, PATCH, DELETE")]
    [Rule("R4", "H1", "H2")]
    public async Task R4_other_methods_are_405(string method, string path, string allow)
    {
        var answer = await server.TusAsync(method, path);

        Assert.Equal(405, answer.Status);
        Assert.Equal(allow, answer.Header("Allow"));
        Assert.Equal("method not allowed", answer.Body);
        Assert.Equal("text/plain; charset=utf-8", answer.Header("Content-Type"));
        Assert.Equal("1.0.0", answer.Header("Tus-Resumable"));
        Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
    }

    [Fact]
    [Rule("R5", "H4")]
    public async Task R5_an_overridden_method_counts_and_the_answer_is_framed_for_the_real_one()
    {
        var id = await server.CreateAsync(9);
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(TusServer.Compose("POST", $"/files/{id}", "", "X-HTTP-Method-Override: HEAD"));
        var head = await connection.ReadAnswerAsync();
        await connection.SendAsync(TusServer.Compose("POST", $"/files/{id}", "hello", "X-HTTP-Method-Override: PATCH", "Content-Type: application/offset+octet-stream", "Upload-Offset: 0"));
        var patch = await connection.ReadAnswerAsync();

        Assert.Equal(200, head!.Status);
        Assert.Equal("0", head.Header("Content-Length"));
        Assert.Equal("9", head.Header("Upload-Length"));
        Assert.Equal("5", patch!.Header("Upload-Offset"));
    }

    [Fact]
    [Rule("R5")]
    public async Task S8_OPTIONS_never_becomes_another_method()
    {
        var id = await server.CreateAsync(9);

        var answer = await server.TusAsync("OPTIONS", $"/files/{id}", "", "X-HTTP-Method-Override: DELETE");

        Assert.Equal(200, answer.Status);
        Assert.Equal("0", await server.OffsetAsync(id));
    }

    [Theory]
    [InlineData("POST", "/files", "Tus-Resumable: 0.2.0\r\n", 412)]
    [InlineData("HEAD", "/files/" + Unknown, "Tus-Resumable: 0.2.0\r\n", 412)]
    [InlineData("PATCH", "/files/" + Unknown, "Tus-Resumable: 1.0\r\n", 412)]
    [InlineData("DELETE", "/files/" + Unknown, "Tus-Resumable: 1.0.0\r\nTus-Resumable: 1.0.0\r\n", 412)]
    [InlineData("POST", "/files", "", 412)]
    [InlineData("PATCH", "/files/" + Unknown, "", 412)]
    [InlineData("DELETE", "/files/" + Unknown, "", 412)]
    [InlineData("PUT", "/files/" + Unknown, "", 412)]
    [InlineData("HEAD", "/files/" + Unknown, "", 404)]
    [InlineData("GET", "/files/" + Unknown, "", 405)]
    [InlineData("GET", "/files/" + Unknown, "Tus-Resumable: 9\r\n", 412)]
    [InlineData("GET", "/files", "Tus-Resumable: 9\r\n", 412)]
    [InlineData("OPTIONS", "/files", "Tus-Resumable: 9\r\n", 200)]
    [Rule("V1", "V2", "H1")]
    public async Task V1_V2_the_version_is_checked(string method, string path, string headers, int status)
    {
        var answer = await server.RequestAsync($"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n{headers}\r\n");

        Assert.Equal(status, answer.Status);
        Assert.Equal("1.0.0", answer.Header("Tus-Resumable"));
        if (status == 412)
            Assert.Equal("1.0.0", answer.Header("Tus-Version"));
    }

    [Theory]
    [InlineData("/files")]
    [InlineData("/files/")]
    [InlineData("/files/" + Unknown)]
    [InlineData("/files/nonsense")]
    [Rule("O1", "O2", "O4")]
    public async Task O1_to_O4_OPTIONS_describes_the_server(string path)
    {
        var answer = await server.RequestAsync($"OPTIONS {path} HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.Equal(200, answer.Status);
        Assert.Equal("", answer.Body);
        Assert.Equal("1.0.0", answer.Header("Tus-Version"));
        Assert.Equal("creation,creation-with-upload,termination,concatenation,creation-defer-length,checksum,checksum-trailer,concatenation-unfinished", answer.Header("Tus-Extension"));
        Assert.Equal("min-size=0", answer.Header("Upload-Limit"));
        Assert.Null(answer.Header("Tus-Max-Size"));
    }

    [Fact]
    [Rule("H5")]
    public async Task H5_pipelined_requests_HTTP_1_0_and_absolute_targets_work()
    {
        var id = await server.CreateAsync(10);
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(
            TusServer.Compose("PATCH", $"http://up.example/files/{id}", "hello", "Content-Type: application/offset+octet-stream", "Upload-Offset: 0")
            + TusServer.Compose("PATCH", $"/files/{id}", "world", "Content-Type: application/offset+octet-stream", "Upload-Offset: 5")
            + TusServer.Compose("HEAD", $"/files/{id}", ""));
        var first = await connection.ReadAnswerAsync();
        var second = await connection.ReadAnswerAsync();
        var head = await connection.ReadAnswerAsync(toHead: true);
        var old = await server.RequestAsync($"HEAD /files/{id} HTTP/1.0\r\n\r\n");

        Assert.Equal(("5", "10", "10"), (first!.Header("Upload-Offset"), second!.Header("Upload-Offset"), head!.Header("Upload-Offset")));
        Assert.Equal(200, old.Status);
    }

    [Fact]
    [Rule("H7")]
    public async Task H7_an_early_error_reaches_a_client_that_is_still_sending()
    {
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{Unknown}", "", "Content-Type: application/offset+octet-stream", "Upload-Offset: 0", "Content-Length: 4194304"));
        await connection.SendAsync(new byte[4194304]);
        var answer = await connection.ReadAnswerAsync();
        await connection.SendAsync(TusServer.Compose("HEAD", $"/files/{Unknown}", ""));

        Assert.Equal(404, answer!.Status);
        Assert.Equal("ERR_UPLOAD_NOT_FOUND: upload not found\n", answer.Body);
        Assert.Equal(404, (await connection.ReadAnswerAsync(toHead: true))!.Status);
    }

    [Fact]
    [Rule("H8")]
    public async Task H8_100_Continue_is_sent_only_after_every_check()
    {
        var id = await server.CreateAsync(5);
        using var refused = await RawConnection.OpenAsync(server.Port);
        using var accepted = await RawConnection.OpenAsync(server.Port);

        await refused.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "", "Content-Type: application/offset+octet-stream", "Upload-Offset: 3", "Expect: 100-continue", "Content-Length: 5"));
        var refusal = await refused.ReadAnswerAsync();
        await accepted.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "", "Content-Type: application/offset+octet-stream", "Upload-Offset: 0", "Expect: 100-continue", "Content-Length: 5"));

        Assert.Equal(409, refusal!.Status);
        Assert.Equal(100, (await accepted.ReadAnswerAsync())!.Status);
        await accepted.SendAsync("hello");
        Assert.Equal(204, (await accepted.ReadAnswerAsync())!.Status);
    }

    [Fact]
    public async Task What_is_not_below_the_mount_is_left_to_others()
    {
        Assert.Equal(404, (await server.TusAsync("POST", "/filesystem", "", "Upload-Length: 1")).Status);
        Assert.Equal("root", (await server.TusAsync("GET", "/")).Body);
    }
}
