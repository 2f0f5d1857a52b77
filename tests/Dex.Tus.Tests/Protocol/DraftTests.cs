using Dex.Testing;
using static Dex.Tus.Tests.DraftRequests;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md 18, and R6 for who answers.</summary>
public sealed class DraftTests(TusServer server) : IClassFixture<TusServer>
{
    [Theory, MemberData(nameof(DraftRequests.Versions), MemberType = typeof(DraftRequests))]
    [Rule("DR2", "DR4", "DR11", "DR12", "DR15", "DR19")]
    public async Task DR11_DR12_DR15_an_upload_is_created_resumed_and_asked_for(int version)
    {
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(Draft(version, "POST", "/files", "hel", Completeness(version, false), "Content-Type: text/csv; charset=utf-8", "Content-Disposition: attachment; filename=\"a b.csv\""));
        var interim = await connection.ReadAnswerAsync();
        var created = await connection.ReadAnswerAsync();
        var path = new Uri(created!.Header("Location")!).AbsolutePath;
        await connection.SendAsync(Draft(version, "HEAD", path, ""));
        var half = await connection.ReadAnswerAsync(toHead: true);
        await connection.SendAsync(Draft(version, "PATCH", path, "lo", Completeness(version, true), Partial, "Upload-Offset: 3"));
        var done = await connection.ReadAnswerAsync();
        await connection.SendAsync(Draft(version, "HEAD", path, ""));
        var whole = await connection.ReadAnswerAsync(toHead: true);

        Assert.Equal("HTTP/1.1 104 Upload Resumption Supported", interim!.StatusLine);
        Assert.Equal(created.Header("Location"), interim.Header("Location"));
        Assert.Equal("min-size=0", interim.Header("Upload-Limit"));
        Assert.Equal($"{version}", interim.Header("Upload-Draft-Interop-Version"));
        Assert.Equal((201, "3", $"{version}"), (created.Status, created.Header("Upload-Offset"), created.Header("Upload-Draft-Interop-Version")));
        Assert.False(IsComplete(version, created));
        Assert.Equal((204, "3", "1", "no-store"), (half!.Status, half.Header("Upload-Offset"), half.Header("Upload-Defer-Length"), half.Header("Cache-Control")));
        Assert.False(IsComplete(version, half));
        Assert.Equal((204, "5"), (done!.Status, done.Header("Upload-Offset")));
        Assert.True(IsComplete(version, done));
        Assert.Equal(("5", "5", "min-size=0,max-size=5"), (whole!.Header("Upload-Offset"), whole.Header("Upload-Length"), whole.Header("Upload-Limit")));
        Assert.True(IsComplete(version, whole));
        Assert.All(new[] { created, half, done, whole }, answer => Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Tus-", StringComparison.OrdinalIgnoreCase)));
        Assert.Equal("hello"u8.ToArray(), server.Store.BytesOf(path[7..]));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", path[7..]));
        var tus = await server.TusAsync("HEAD", path);
        Assert.Equal("filetype dGV4dC9jc3Y=,filename YSBiLmNzdg==", tus.Header("Upload-Metadata"));
    }

    [Fact]
    [Rule("R6", "DR20")]
    public async Task R6_a_client_without_an_interop_version_is_spoken_to_in_the_newest_text_without_104()
    {
        var created = await server.RequestAsync("POST /files HTTP/1.1\r\nHost: up.example\r\nUpload-Complete: ?1\r\nContent-Length: 5\r\n\r\nhello");

        Assert.Equal((201, "?1", "5"), (created.Status, created.Header("Upload-Complete"), created.Header("Upload-Offset")));
        Assert.Null(created.Header("Upload-Draft-Interop-Version"));
    }

    [Theory]
    [InlineData("POST", "Upload-Draft-Interop-Version: 2\r\nUpload-Complete: ?1", 412)]
    [InlineData("POST", "Upload-Draft-Interop-Version: 9\r\nUpload-Complete: ?1", 412)]
    [InlineData("POST", "Upload-Draft-Interop-Version: x\r\nUpload-Complete: ?1", 412)]
    [InlineData("POST", "Upload-Draft-Interop-Version: 6\r\nUpload-Draft-Interop-Version: 6", 412)]
    [InlineData("POST", "Upload-Complete: 1", 412)]
    [InlineData("POST", "Upload-Complete: true", 412)]
    [InlineData("DELETE", "Upload-Complete: ?1", 412)]
    [InlineData("POST", "Tus-Resumable: 1.0.0\r\nUpload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1", 400)]
    [Rule("R6")]
    public async Task R6_anything_else_is_for_tus_1_0_to_answer(string method, string headers, int status)
    {
        var answer = await server.RequestAsync($"{method} /files HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n{headers}\r\n\r\n");

        Assert.Equal(status, answer.Status);
        Assert.Equal("1.0.0", answer.Header("Tus-Resumable"));
    }

    [Theory]
    [InlineData("?1;x=1", true)]
    [InlineData(" ?1 ", true)]
    [InlineData("?0", false)]
    [InlineData("1", false)]
    [InlineData("true", false)]
    [InlineData("?2", false)]
    [InlineData("?1, ?1", false)]
    [InlineData("\"?1\"", false)]
    [Rule("DR1")]
    public async Task DR1_only_a_true_boolean_completes(string value, bool completes)
    {
        var answer = await server.LastAnswerAsync(Draft(8, "POST", "/files", "hello", $"Upload-Complete: {value}"));

        Assert.Equal(201, answer.Status);
        Assert.Equal(completes ? "?1" : "?0", answer.Header("Upload-Complete"));
    }

    [Theory]
    [InlineData("\"0\"")]
    [InlineData("0.0")]
    [InlineData("-0")]
    [InlineData("+0")]
    [InlineData("0, 0")]
    [InlineData("1000000000000000")]
    [InlineData("")]
    [Rule("DR1")]
    public async Task DR1_an_offset_that_is_no_integer_is_missing(string value)
    {
        var id = await server.CreateAsync(10);

        var answer = await server.RequestAsync(Draft(6, "PATCH", $"/files/{id}", "x", Partial, $"Upload-Offset: {value}"));

        Assert.Equal((400, "ERR_INVALID_OFFSET: missing or invalid Upload-Offset header\n"), (answer.Status, answer.Body));
    }

    [Fact]
    [Rule("DR5")]
    public async Task DR5_a_known_length_completes_and_a_lost_answer_can_be_asked_for_again()
    {
        var id = await server.CreateAsync(5);

        var last = await server.RequestAsync(Draft(8, "PATCH", $"/files/{id}", "hello", Partial, "Upload-Offset: 0", "Upload-Complete: ?0"));
        var again = await server.RequestAsync(Draft(8, "PATCH", $"/files/{id}", "", Partial, "Upload-Offset: 5", "Upload-Complete: ?1"));

        Assert.Equal((204, "?1"), (last.Status, last.Header("Upload-Complete")));
        Assert.Equal((204, "?1"), (again.Status, again.Header("Upload-Complete")));
        Assert.Equal("hello"u8.ToArray(), server.Store.BytesOf(id));
    }

    [Fact]
    [Rule("DR6")]
    public async Task DR6_the_end_of_chunks_is_the_end_of_the_upload()
    {
        var answer = await server.LastAnswerAsync(Draft(6, "POST", "/files", "5\r\nhello\r\n0\r\n\r\n", "Upload-Complete: ?1", "Transfer-Encoding: chunked"));

        Assert.Equal((201, "?1", "5"), (answer.Status, answer.Header("Upload-Complete"), answer.Header("Upload-Offset")));
    }

    [Theory]
    [InlineData(6, 413)]
    [InlineData(5, 413)]
    [Rule("DR7", "DR3")]
    public async Task DR7_a_known_length_is_never_exceeded(int version, int status)
    {
        var id = await server.CreateAsync(4);

        var answer = await server.RequestAsync(Draft(version, "PATCH", $"/files/{id}", "hello", Partial, "Upload-Offset: 0", Completeness(version, true)));

        Assert.Equal((status, "min-size=0,max-size=4"), (answer.Status, answer.Header("Upload-Limit")));
        Assert.Equal("0", await server.OffsetAsync(id));
    }

    [Theory]
    [InlineData(8, "application/problem+json")]
    [InlineData(6, "application/problem+json")]
    [InlineData(5, "text/plain; charset=utf-8")]
    [Rule("DR8", "DR21")]
    public async Task DR8_lengths_that_disagree_are_refused(int version, string type)
    {
        var id = await server.CreateAsync(10);

        var short1 = await server.RequestAsync(Draft(version, "PATCH", $"/files/{id}", "hello", Partial, "Upload-Offset: 0", Completeness(version, true)));
        var other = await server.RequestAsync(Draft(version, "PATCH", $"/files/{id}", "hello", Partial, "Upload-Offset: 0", Completeness(version, false), "Upload-Length: 11"));
        var created = await server.RequestAsync(Draft(version, "POST", "/files", "hello", Completeness(version, true), "Upload-Length: 9"));

        Assert.All(new[] { short1, other, created }, answer => Assert.Equal((400, type), (answer.Status, answer.Header("Content-Type"))));
        if (version >= 6)
            Assert.StartsWith("{\"type\":\"https://iana.org/assignments/http-problem-types#inconsistent-upload-length\",\"title\":\"", short1.Body, StringComparison.Ordinal);
        Assert.Equal("0", await server.OffsetAsync(id));
    }

    [Fact]
    [Rule("DR10", "BR2")]
    public async Task DR10_a_cut_body_never_completes()
    {
        using var connection = await RawConnection.OpenAsync(server.Port);
        await connection.SendAsync(Draft(6, "POST", "/files", "5\r\nhello\r\n", "Upload-Complete: ?1", "Transfer-Encoding: chunked"));
        var interim = await connection.ReadAnswerAsync();
        connection.EndSending();
        var cut = await connection.ReadAnswerAsync();

        var head = await server.RequestAsync(Draft(6, "HEAD", new Uri(interim!.Header("Location")!).AbsolutePath, ""));

        Assert.Equal((400, "?0"), (cut!.Status, cut.Header("Upload-Complete")));
        Assert.Equal(("5", "?0", "1"), (head.Header("Upload-Offset"), head.Header("Upload-Complete"), head.Header("Upload-Defer-Length")));
    }

    [Theory]
    [InlineData(5, "ERR_MISMATCHED_OFFSET: mismatched offset\n")]
    [InlineData(6, "{\"type\":\"https://iana.org/assignments/http-problem-types#mismatching-upload-offset\",\"title\":\"offset from request does not match offset of resource\",\"expected-offset\":0,\"provided-offset\":3}")]
    [Rule("DR13", "DR21")]
    public async Task DR13_DR21_a_wrong_offset_is_told_the_true_one(int version, string body)
    {
        var id = await server.CreateAsync(10);

        var answer = await server.RequestAsync(Draft(version, "PATCH", $"/files/{id}", "lo", Partial, "Upload-Offset: 3", "Upload-Complete: ?1"));

        Assert.Equal((409, "0", "?0", body), (answer.Status, answer.Header("Upload-Offset"), answer.Header("Upload-Complete"), answer.Body));
    }

    [Theory]
    [InlineData(6, 400)]
    [InlineData(5, 204)]
    [Rule("DR12")]
    public async Task DR12_newer_versions_need_the_media_type(int version, int status)
    {
        var id = await server.CreateAsync(10);

        var answer = await server.RequestAsync(Draft(version, "PATCH", $"/files/{id}", "hello", "Content-Type: text/plain", "Upload-Offset: 0"));

        Assert.Equal(status, answer.Status);
    }

    [Fact]
    [Rule("DR14")]
    public async Task DR14_appending_to_a_complete_upload_changes_nothing()
    {
        var id = await server.CreateAsync(5);
        await server.PatchAsync(id, 0, "hello");

        var atEnd = await server.RequestAsync(Draft(8, "PATCH", $"/files/{id}", "!", Partial, "Upload-Offset: 5"));
        var elsewhere = await server.RequestAsync(Draft(8, "PATCH", $"/files/{id}", "!", Partial, "Upload-Offset: 0"));

        Assert.Equal(204, atEnd.Status);
        Assert.Equal(409, elsewhere.Status);
        Assert.Equal("hello"u8.ToArray(), server.Store.BytesOf(id));
    }

    [Fact]
    [Rule("DR16")]
    public async Task DR16_DELETE_cancels()
    {
        var id = await server.CreateAsync(5);

        Assert.Equal(204, (await server.RequestAsync(Draft(7, "DELETE", $"/files/{id}", ""))).Status);
        Assert.Equal(404, (await server.RequestAsync(Draft(7, "HEAD", $"/files/{id}", ""))).Status);
        Assert.Equal(404, (await server.RequestAsync(Draft(7, "DELETE", "/files/..%2fx", ""))).Status);
    }

    [Fact]
    [Rule("DR19")]
    public async Task DR19_no_104_to_HTTP_1_0_and_none_before_a_refusal()
    {
        var old = await server.RequestAsync("POST /files HTTP/1.0\r\nHost: a\r\nUpload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\nContent-Length: 5\r\n\r\nhello");
        server.Lifecycle.Refusal = new Lifecycle.CreationRefusal(400, "text/plain; charset=utf-8", "{}"u8.ToArray());
        var refused = await server.RequestAsync(Draft(6, "POST", "/files", "hello", "Upload-Complete: ?1"));
        server.Lifecycle.Refusal = null;

        Assert.Equal(201, old.Status);
        Assert.Equal((400, "{}"), (refused.Status, refused.Body));
    }

    [Fact]
    [Rule("H8")]
    public async Task H8_a_104_does_not_replace_the_100()
    {
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(Draft(6, "POST", "/files", "", "Upload-Complete: ?1", "Expect: 100-continue", "Content-Length: 5"));
        var first = await connection.ReadAnswerAsync();
        var second = await connection.ReadAnswerAsync();
        await connection.SendAsync("hello");
        var last = await connection.ReadAnswerAsync();

        Assert.Equal((104, 100, 201), (first!.Status, second!.Status, last!.Status));
    }

    [Fact]
    [Rule("DR11", "MD5")]
    public async Task DR11_metadata_of_the_manifest_comes_in_Upload_Metadata()
    {
        var answer = await server.LastAnswerAsync(Draft(6, "POST", "/files", "x", "Upload-Complete: ?0", "Upload-Metadata: filename bXk=,k aGk=", "Content-Disposition: attachment; filename*=UTF-8''%e2%82%ac.txt", "Content-Type: a/b"));

        var head = await server.TusAsync("HEAD", new Uri(answer.Header("Location")!).AbsolutePath);
        Assert.Equal("filename bXk=,k aGk=,filetype YS9i", head.Header("Upload-Metadata"));
    }
}
