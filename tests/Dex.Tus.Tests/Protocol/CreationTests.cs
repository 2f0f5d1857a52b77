using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md 4, 5 and 6.</summary>
public sealed class CreationTests(TusServer server) : IClassFixture<TusServer>
{
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";
    private const string BadLength = "ERR_INVALID_UPLOAD_LENGTH: missing or invalid Upload-Length header\n";
    private const string BadDeferral = "ERR_INVALID_UPLOAD_LENGTH_DEFER: invalid Upload-Defer-Length header\n";
    private const string Ambiguous = "ERR_AMBIGUOUS_UPLOAD_LENGTH: provided both Upload-Length and Upload-Defer-Length\n";

    [Theory]
    [InlineData("X: y", BadLength)]
    [InlineData("Upload-Length:", BadLength)]
    [InlineData("Upload-Length: -1", BadLength)]
    [InlineData("Upload-Length: +1", BadLength)]
    [InlineData("Upload-Length: 1.5", BadLength)]
    [InlineData("Upload-Length: 1e3", BadLength)]
    [InlineData("Upload-Length: 0x10", BadLength)]
    [InlineData("Upload-Length: 1 2", BadLength)]
    [InlineData("Upload-Length: 1,2", BadLength)]
    [InlineData("Upload-Length: 9223372036854775808", BadLength)]
    [InlineData("Upload-Length: 99999999999999999999999999", BadLength)]
    [InlineData("Upload-Length: 1\r\nUpload-Length: 1", BadLength)]
    [InlineData("Upload-Length: ٣", BadLength)]
    [InlineData("Upload-Defer-Length: 0", BadDeferral)]
    [InlineData("Upload-Defer-Length: true", BadDeferral)]
    [InlineData("Upload-Defer-Length:", BadDeferral)]
    [InlineData("Upload-Defer-Length: 1\r\nUpload-Defer-Length: 1", BadDeferral)]
    [InlineData("Upload-Defer-Length: 1\r\nUpload-Length: 5", Ambiguous)]
    [Rule("CR2", "DL1")]
    public async Task CR2_DL1_a_bad_length_creates_nothing(string headers, string body)
    {
        var before = server.Store.Count;

        var answer = await server.TusAsync("POST", "/files", "", headers);

        Assert.Equal(400, answer.Status);
        if (!headers.Contains('٣', StringComparison.Ordinal)) // refused below the protocol: not ASCII
            Assert.Equal(body, answer.Body);
        Assert.Null(answer.Header("Location"));
        Assert.Equal(before, server.Store.Count);
    }

    [Fact]
    [Rule("CR2")]
    public async Task CR2_the_largest_length_there_is_can_be_created()
    {
        var id = await server.CreateAsync(long.MaxValue);

        Assert.Equal("9223372036854775807", (await server.TusAsync("HEAD", $"/files/{id}")).Header("Upload-Length"));
    }

    [Fact]
    [Rule("CR4")]
    public async Task CR4_an_empty_upload_is_finished_once_at_creation()
    {
        var id = await server.CreateAsync(0);

        var head = await server.TusAsync("HEAD", $"/files/{id}");

        Assert.Equal(("0", "0"), (head.Header("Upload-Offset"), head.Header("Upload-Length")));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
    }

    [Fact]
    [Rule("CR5")]
    public async Task CR5_a_body_of_another_type_is_ignored()
    {
        var answer = await server.TusAsync("POST", "/files", "hello", "Upload-Length: 5", "Content-Type: text/plain");

        Assert.Equal(201, answer.Status);
        Assert.Null(answer.Header("Upload-Offset"));
        Assert.Equal("0", await server.OffsetAsync(answer.Header("Location")!.Split('/')[^1]));
    }

    [Theory]
    [InlineData("Content-Length: 5", "hello", "5")]
    [InlineData("Content-Length: 2", "he", "2")]
    [InlineData("Content-Length: 0", "", "0")]
    [InlineData("Transfer-Encoding: chunked", "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", "5")]
    [Rule("CU1")]
    public async Task CU1_creation_takes_bytes(string framing, string body, string offset)
    {
        var answer = await server.TusAsync("POST", "/files", body, "Upload-Length: 5", OffsetStream, framing);

        Assert.Equal(201, answer.Status);
        Assert.Equal(offset, answer.Header("Upload-Offset"));
        Assert.Equal(offset, await server.OffsetAsync(answer.Header("Location")!.Split('/')[^1]));
    }

    [Fact]
    [Rule("CU2", "CR8")]
    public async Task CU2_chunks_that_bring_bytes_for_an_empty_upload_are_refused_before_it_exists()
    {
        var before = server.Store.Count;

        var answer = await server.RequestAsync(
            "POST /files HTTP/1.1\r\nHost: h\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 0\r\nContent-Type: application/offset+octet-stream\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n\r\n");

        Assert.Equal((413, "ERR_UPLOAD_SIZE_EXCEEDED: upload's size exceeded\n"), (answer.Status, answer.Body));
        Assert.Null(answer.Header("Location"));
        Assert.Equal(before, server.Store.Count);
    }

    [Fact]
    [Rule("CU2", "CR8")]
    public async Task CU2_a_body_that_cannot_fit_is_refused_before_anything_exists()
    {
        var before = server.Store.Count;

        var answer = await server.TusAsync("POST", "/files", "hello!", "Upload-Length: 5", OffsetStream);

        Assert.Equal(413, answer.Status);
        Assert.Equal("ERR_UPLOAD_SIZE_EXCEEDED: upload's size exceeded\n", answer.Body);
        Assert.Equal(before, server.Store.Count);
    }

    [Fact]
    [Rule("DL2", "DL3")]
    public async Task DL2_DL3_a_deferred_length_is_declared_by_any_PATCH()
    {
        var id = await server.CreateAsync(null);
        var deferred = await server.TusAsync("HEAD", $"/files/{id}");

        await server.PatchAsync(id, 0, "hello");
        var last = await server.PatchAsync(id, 5, "", "Upload-Length: 5");
        var declared = await server.TusAsync("HEAD", $"/files/{id}");

        Assert.Equal(("1", null), (deferred.Header("Upload-Defer-Length"), deferred.Header("Upload-Length")));
        Assert.Equal(204, last.Status);
        Assert.Equal((null, "5"), (declared.Header("Upload-Defer-Length"), declared.Header("Upload-Length")));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
    }

    [Fact]
    [Rule("DL4", "DL5", "DL6")]
    public async Task DL4_DL5_DL6_a_length_never_changes_and_may_be_repeated()
    {
        var id = await server.CreateAsync(null);
        await server.PatchAsync(id, 0, "hello");

        Assert.Equal(BadLength, (await server.PatchAsync(id, 5, "x", "Upload-Length: 4")).Body);
        Assert.Equal("ERR_UPLOAD_SIZE_EXCEEDED: upload's size exceeded\n", (await server.PatchAsync(id, 5, "xyz", "Upload-Length: 7")).Body);
        Assert.Equal("1", (await server.TusAsync("HEAD", $"/files/{id}")).Header("Upload-Defer-Length"));
        Assert.Equal("6", (await server.PatchAsync(id, 5, "x", "Upload-Length: 10")).Header("Upload-Offset"));
        Assert.Equal(BadLength, (await server.PatchAsync(id, 6, "x", "Upload-Length: 11")).Body);
        Assert.Equal(BadLength, (await server.PatchAsync(id, 6, "x", "Upload-Length: ten")).Body);
        Assert.Equal("7", (await server.PatchAsync(id, 6, "x", "Upload-Length: 10")).Header("Upload-Offset"));
    }

    [Theory]
    [InlineData("5", 204, true)]
    [InlineData("none", 204, false)]
    [InlineData("9", 204, false)]
    [Rule("HY2")]
    public async Task HY2_a_hybrid_request_may_say_that_this_is_the_last_piece(string interop, int status, bool complete)
    {
        var id = await server.CreateAsync(null);

        var answer = await server.PatchAsync(id, 0, "hello", "Upload-Complete: ?1", $"Upload-Draft-Interop-Version: {interop}");

        Assert.Equal(status, answer.Status);
        Assert.Equal(complete ? "5" : null, (await server.TusAsync("HEAD", $"/files/{id}")).Header("Upload-Length"));
    }

    [Fact]
    [Rule("HY2")]
    public async Task HY2_the_creation_itself_may_carry_the_last_piece()
    {
        var answer = await server.TusAsync("POST", "/files", "hello", "Upload-Defer-Length: 1", OffsetStream, "Upload-Complete: ?1", "Upload-Draft-Interop-Version: 5");

        var head = await server.TusAsync("HEAD", "/files/" + answer.Header("Location")![^36..]);
        Assert.Equal((201, "5"), (answer.Status, answer.Header("Upload-Offset")));
        Assert.Equal("5", head.Header("Upload-Length"));
    }

    [Fact]
    [Rule("CR7")]
    public async Task CR7_a_refused_creation_keeps_the_hosts_words_and_stores_nothing()
    {
        var before = server.Store.Count;
        server.Lifecycle.Refusal = new Lifecycle.CreationRefusal(400, "text/plain; charset=utf-8", "{\"a\":1}"u8.ToArray());

        var answer = await server.TusAsync("POST", "/files", "hello", "Upload-Length: 5", OffsetStream, "Origin: http://localhost:8081");

        server.Lifecycle.Refusal = null;
        Assert.Equal((400, "{\"a\":1}"), (answer.Status, answer.Body));
        Assert.Equal("http://localhost:8081", answer.Header("Access-Control-Allow-Origin"));
        Assert.Equal(before, server.Store.Count);
    }

    [Fact]
    public async Task An_upload_whose_creation_cannot_be_recorded_is_taken_back()
    {
        var before = server.Store.Count;
        server.Store.FailNext["CreateAsync"] = new IOException("secret path");

        var answer = await server.TusAsync("POST", "/files", "", "Upload-Length: 5");

        Assert.Equal(500, answer.Status);
        Assert.StartsWith("ERR_INTERNAL_SERVER_ERROR: ", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", answer.Body, StringComparison.Ordinal);
        Assert.Equal(before, server.Store.Count);
    }
}
