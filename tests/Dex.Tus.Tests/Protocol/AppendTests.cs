using Dex.Testing;
using Dex.Tus.Stores;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md 3.3, 3.4 and 10.</summary>
public sealed class AppendTests(TusServer server) : IClassFixture<TusServer>
{
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";
    private const string BadOffset = "ERR_INVALID_OFFSET: missing or invalid Upload-Offset header\n";
    private const string BadType = "ERR_INVALID_CONTENT_TYPE: missing or invalid Content-Type header\n";

    [Theory]
    [InlineData("X: y", BadOffset)]
    [InlineData("Upload-Offset:", BadOffset)]
    [InlineData("Upload-Offset: +0", BadOffset)]
    [InlineData("Upload-Offset: -0", BadOffset)]
    [InlineData("Upload-Offset: 0.0", BadOffset)]
    [InlineData("Upload-Offset: \"0\"", BadOffset)]
    [InlineData("Upload-Offset: 0, 0", BadOffset)]
    [InlineData("Upload-Offset: 0\r\nUpload-Offset: 0", BadOffset)]
    [InlineData("Upload-Offset: 9223372036854775808", BadOffset)]
    [Rule("P3")]
    public async Task P3_a_bad_offset_is_refused(string header, string body)
    {
        var id = await server.CreateAsync(10);

        var answer = await server.TusAsync("PATCH", $"/files/{id}", "hello", OffsetStream, header);

        Assert.Equal((400, body), (answer.Status, answer.Body));
        Assert.Equal("0", await server.OffsetAsync(id));
    }

    [Theory]
    [InlineData("X: y", 400)]
    [InlineData("Content-Type: text/plain", 400)]
    [InlineData("Content-Type: application/offset+octet-streams", 400)]
    [InlineData("Content-Type: APPLICATION/Offset+Octet-Stream", 204)]
    [InlineData("Content-Type: application/offset+octet-stream; charset=utf-8", 204)]
    [Rule("P2")]
    public async Task P2_the_media_type_counts_without_case_and_parameters(string header, int status)
    {
        var id = await server.CreateAsync(10);

        var answer = await server.TusAsync("PATCH", $"/files/{id}", "hello", header, "Upload-Offset: 0");

        Assert.Equal(status, answer.Status);
        if (status == 400)
            Assert.Equal(BadType, answer.Body);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(4294967296)]
    [InlineData(long.MaxValue)]
    [Rule("P4")]
    public async Task P4_a_wrong_offset_is_told_the_true_one(long offset)
    {
        var id = await server.CreateAsync(10);

        var answer = await server.PatchAsync(id, offset, "hello");

        Assert.Equal((409, "ERR_MISMATCHED_OFFSET: mismatched offset\n"), (answer.Status, answer.Body));
        Assert.Equal("0", answer.Header("Upload-Offset"));
    }

    [Fact]
    [Rule("P5", "P6", "P7", "H4")]
    public async Task P5_P6_P7_the_offset_moves_by_what_was_stored()
    {
        var id = await server.CreateAsync(5);

        var empty = await server.PatchAsync(id, 0, "");
        var unframed = await server.RequestAsync($"PATCH /files/{id} HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\n{OffsetStream}\r\nUpload-Offset: 0\r\n\r\n");
        var all = await server.PatchAsync(id, 0, "hello");
        var again = await server.PatchAsync(id, 5, "");
        var more = await server.PatchAsync(id, 5, "!");
        var elsewhere = await server.PatchAsync(id, 0, "hello");

        Assert.Equal((204, "0"), (empty.Status, empty.Header("Upload-Offset")));
        Assert.Equal((204, "0"), (unframed.Status, unframed.Header("Upload-Offset")));
        Assert.Equal((204, "5"), (all.Status, all.Header("Upload-Offset")));
        Assert.Null(all.Header("Content-Length"));
        Assert.Equal((204, "5"), (again.Status, again.Header("Upload-Offset")));
        Assert.Equal((204, "5"), (more.Status, more.Header("Upload-Offset")));
        Assert.Equal(409, elsewhere.Status);
        Assert.Equal("hello"u8.ToArray(), server.Store.BytesOf(id));
    }

    [Theory]
    [InlineData("Content-Length: 9223372036854775807")]
    [InlineData("Content-Length: 3")]
    [Rule("P8", "X4")]
    public async Task P8_a_body_that_announces_too_much_is_refused_unread(string length)
    {
        var id = await server.CreateAsync(5);
        await server.PatchAsync(id, 0, "hel");

        var answer = await server.PatchAsync(id, 3, "lo!", length);

        Assert.Equal((413, "ERR_UPLOAD_SIZE_EXCEEDED: upload's size exceeded\n"), (answer.Status, answer.Body));
        Assert.Equal("3", await server.OffsetAsync(id));
    }

    [Fact]
    [Rule("P9")]
    public async Task P9_a_chunked_body_is_cut_at_the_length_which_completes_the_upload()
    {
        var id = await server.CreateAsync(5);

        var answer = await server.PatchAsync(id, 0, "7\r\nhello!!\r\n0\r\n\r\n", "Transfer-Encoding: chunked");

        Assert.Equal(413, answer.Status);
        Assert.Equal("hello"u8.ToArray(), server.Store.BytesOf(id));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
    }

    [Fact]
    [Rule("BR3")]
    public async Task BR3_bytes_of_a_broken_chunk_do_not_count()
    {
        var id = await server.CreateAsync(50);

        var answer = await server.PatchAsync(id, 0, "zz\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked");

        Assert.Equal(400, answer.Status);
        Assert.Equal("0", await server.OffsetAsync(id));
    }

    [Fact]
    [Rule("HD1", "HD2", "HD3", "HD4", "MD2")]
    public async Task HD1_to_HD4_HEAD_tells_the_state()
    {
        var id = await server.CreateAsync(10, "Upload-Metadata: b aGk=,a,z gIE=");
        await server.PatchAsync(id, 0, "hello");

        var head = await server.TusAsync("HEAD", $"/files/{id}");
        var unknown = await server.TusAsync("HEAD", "/files/00000000-0000-4000-8000-000000000000");

        Assert.Equal((200, "5", "10"), (head.Status, head.Header("Upload-Offset"), head.Header("Upload-Length")));
        Assert.Null(head.Header("Upload-Defer-Length"));
        Assert.Equal("no-store", head.Header("Cache-Control"));
        Assert.Equal("b aGk=,a,z gIE=", head.Header("Upload-Metadata"));
        Assert.Equal((404, "no-store", null), (unknown.Status, unknown.Header("Cache-Control"), unknown.Header("Upload-Offset")));
    }

    [Fact]
    [Rule("MD4")]
    public async Task MD4_several_metadata_lines_are_one_list_and_too_much_is_refused()
    {
        var id = await server.CreateAsync(10, "Upload-Metadata: a aGk=", "Upload-Metadata: b aGk=");

        var head = await server.TusAsync("HEAD", $"/files/{id}");
        var keys = await server.TusAsync("POST", "/files", "", "Upload-Length: 1", "Upload-Metadata: " + string.Join(',', Enumerable.Range(0, 1001).Select(n => $"k{n}")));
        var bytes = await server.TusAsync("POST", "/files", "", "Upload-Length: 1", "Upload-Metadata: k " + Convert.ToBase64String(new byte[70_000]));

        Assert.Equal("a aGk=,b aGk=", head.Header("Upload-Metadata"));
        Assert.Equal(431, keys.Status);
        Assert.Equal(431, bytes.Status);
    }

    [Fact]
    [Rule("TE1")]
    public async Task TE1_DELETE_removes_for_good()
    {
        var id = await server.CreateAsync(10);

        var first = await server.TusAsync("DELETE", $"/files/{id}");
        var second = await server.TusAsync("DELETE", $"/files/{id}");

        Assert.Equal(204, first.Status);
        Assert.Equal(404, second.Status);
        Assert.Equal(404, (await server.PatchAsync(id, 0, "x")).Status);
        Assert.Equal(1, server.Lifecycle.CountOf("terminated", id));
    }

    [Fact]
    [Rule("ST4")]
    public async Task Q1_a_completion_that_failed_is_made_good_by_the_next_request()
    {
        var id = await server.CreateAsync(5);
        server.Lifecycle.FailFinishing = new IOException("ledger away");

        var failed = await server.PatchAsync(id, 0, "hello");
        var again = await server.PatchAsync(id, 5, "");

        Assert.Equal(500, failed.Status);
        Assert.Equal(204, again.Status);
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
    }

    [Theory]
    [InlineData(typeof(StoreFullException), 507)]
    [InlineData(typeof(IOException), 500)]
    [InlineData(typeof(InvalidDataException), 500)]
    [Rule("ST5")]
    public async Task ST5_a_failing_store_is_a_5xx_and_the_lock_is_released(Type error, int status)
    {
        var id = await server.CreateAsync(5);
        server.Store.FailNext["AppendAsync"] = (Exception)Activator.CreateInstance(error)!;

        var failed = await server.PatchAsync(id, 0, "hello");

        Assert.Equal(status, failed.Status);
        Assert.Equal("5", (await server.PatchAsync(id, 0, "hello")).Header("Upload-Offset"));
        Assert.Equal(0, server.Locker.Count);
    }
}
