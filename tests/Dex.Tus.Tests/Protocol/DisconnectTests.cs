using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md 15 and 16.</summary>
public sealed class DisconnectTests(TusServer server) : IClassFixture<TusServer>
{
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("BR1", "BR4", "P10")]
    public async Task BR1_every_byte_before_a_FIN_is_kept_and_the_client_is_told_so(bool chunked)
    {
        var id = await server.CreateAsync(100);
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(chunked
            ? TusServer.Compose("PATCH", $"/files/{id}", "5\r\nhello\r\n", OffsetStream, "Upload-Offset: 0", "Transfer-Encoding: chunked")
            : TusServer.Compose("PATCH", $"/files/{id}", "hello", OffsetStream, "Upload-Offset: 0", "Content-Length: 100"));
        connection.EndSending();
        var answer = await connection.ReadAnswerAsync();

        Assert.Equal(400, answer!.Status);
        Assert.Equal("ERR_UNEXPECTED_EOF: server expected to receive more bytes\n", answer.Body);
        Assert.Equal("5", await server.OffsetAsync(id));
        Assert.Equal(0, server.Locker.Count);
    }

    [Fact]
    public async Task A_whole_request_with_a_FIN_right_behind_it_succeeds()
    {
        var id = await server.CreateAsync(5);
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hello", OffsetStream, "Upload-Offset: 0"));
        connection.EndSending();
        var answer = await connection.ReadAnswerAsync();

        Assert.Equal(204, answer!.Status);
        Assert.Equal("hello"u8.ToArray(), server.Store.BytesOf(id));
    }

    [Theory]
    [InlineData("5\r\nhello\r\nzz\r\nworld\r\n", "5")]
    [InlineData("5\r\nhello\r\n2;a\nb\r\nxx\r\n0\r\n\r\n", "5")]
    [InlineData("2\r\nhe\r\n3\r\nlloX\r\n0\r\n\r\n", "5")]
    [InlineData("-1\r\nhello\r\n0\r\n\r\n", "0")]
    [Rule("BR1", "BR3")]
    public async Task BR1_BR3_chunks_before_a_broken_one_in_the_same_segment_count(string body, string offset)
    {
        var id = await server.CreateAsync(100);
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", body, OffsetStream, "Upload-Offset: 0", "Transfer-Encoding: chunked"));
        var answer = await connection.ReadAnswerAsync();

        Assert.Equal((400, "close"), (answer!.Status, answer.Header("Connection")));
        Assert.True(await connection.IsClosedAsync());
        Assert.Equal(offset, await server.OffsetAsync(id));
    }

    [Fact]
    [Rule("BR3")]
    public async Task BR3_a_broken_chunk_behind_too_long_a_body_ends_the_connection_at_once()
    {
        var id = await server.CreateAsync(3);
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "5\r\nhello\r\nzz\r\n", OffsetStream, "Upload-Offset: 0", "Transfer-Encoding: chunked"));
        var answer = await connection.ReadAnswerAsync();

        Assert.Contains(answer!.Status, (int[])[400, 413]); // whichever was seen first
        Assert.True(await connection.IsClosedAsync());
        Assert.Equal("3", await server.OffsetAsync(id));
    }

    [Fact]
    [Rule("H5")]
    public async Task H5_chunks_leave_the_next_request_alone()
    {
        var id = await server.CreateAsync(6);
        using var connection = await RawConnection.OpenAsync(server.Port);
        string[] chunked = [OffsetStream, "Transfer-Encoding: chunked"];

        await connection.SendAsync(
            TusServer.Compose("PATCH", $"/files/{id}", "3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\n", [.. chunked, "Upload-Offset: 0"])
            + TusServer.Compose("PATCH", $"/files/{id}", "3\r\ndef\r\n0\r\n\r\n", [.. chunked, "Upload-Offset: 3"]));

        Assert.Equal("3", (await connection.ReadAnswerAsync())!.Header("Upload-Offset"));
        Assert.Equal("6", (await connection.ReadAnswerAsync())!.Header("Upload-Offset"));
    }

    [Fact]
    [Rule("BR4")]
    public async Task BR4_a_body_cut_after_its_last_byte_is_told_so_and_the_upload_is_complete()
    {
        var id = await server.CreateAsync(5);
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "5\r\nhello\r\n", OffsetStream, "Upload-Offset: 0", "Transfer-Encoding: chunked"));
        connection.EndSending();
        var answer = await connection.ReadAnswerAsync();

        Assert.Equal((400, "ERR_UNEXPECTED_EOF: server expected to receive more bytes\n"), (answer!.Status, answer.Body));
        Assert.Equal("5", await server.OffsetAsync(id));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
    }

    [Fact]
    [Rule("BR3")]
    public async Task BR3_after_a_reset_the_lock_is_free()
    {
        var id = await server.CreateAsync(100);
        using (var connection = await RawConnection.OpenAsync(server.Port))
        {
            await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hello", OffsetStream, "Upload-Offset: 0", "Content-Length: 100"));
            connection.Reset();
        }

        var answer = await server.TusAsync("HEAD", $"/files/{id}");

        Assert.Equal(200, answer.Status);
        Assert.Contains(answer.Header("Upload-Offset"), (string[])["0", "5"]);
    }

    [Fact]
    [Rule("LK2", "LK3")]
    public async Task LK2_a_HEAD_displaces_a_silent_body_and_tells_what_it_sent()
    {
        var id = await server.CreateAsync(100);
        using var silent = await RawConnection.OpenAsync(server.Port);
        await silent.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hello", OffsetStream, "Upload-Offset: 0", "Content-Length: 100"));
        await Eventually.TrueAsync(() => server.Store.BytesOf(id).Length == 5);

        var offset = await server.OffsetAsync(id);
        var displaced = await silent.ReadAnswerAsync();
        var next = await server.PatchAsync(id, 5, "world");

        Assert.Equal("5", offset);
        Assert.Equal(400, displaced!.Status);
        Assert.Equal("ERR_UPLOAD_INTERRUPTED: upload has been interrupted by another request for this upload resource\n", displaced.Body);
        Assert.Equal("10", next.Header("Upload-Offset"));
    }

    [Fact]
    [Rule("LK6")]
    public async Task LK6_25_HEADs_at_once_are_all_answered()
    {
        var id = await server.CreateAsync(100);
        using var silent = await RawConnection.OpenAsync(server.Port);
        await silent.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hello", OffsetStream, "Upload-Offset: 0", "Content-Length: 100"));
        await Eventually.TrueAsync(() => server.Store.BytesOf(id).Length == 5);

        var offsets = await Task.WhenAll(Enumerable.Range(0, 25).Select(_ => server.OffsetAsync(id)));

        Assert.All(offsets, offset => Assert.Equal("5", offset));
    }

    [Fact]
    public async Task A_request_without_a_body_is_answered_on_a_half_closed_connection()
    {
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        connection.EndSending();

        Assert.Equal(200, (await connection.ReadAnswerAsync())!.Status);
        Assert.True(await connection.IsClosedAsync());
    }
}
