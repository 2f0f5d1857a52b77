using System.Net;
using System.Security.Cryptography;
using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>HTTP/2 without TLS, on the port of HTTP/1.1 (spec: tus.md 2, 15, 16, 18).</summary>
public sealed class Http2Tests(TusServer server) : IClassFixture<TusServer>
{
    private static readonly byte[] Content = RandomNumberGenerator.GetBytes(100_000);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_upload_goes_through_over_http_2_and_its_address_is_http()
    {
        using var http = NewClient();

        using var created = await http.SendAsync(NewRequest(HttpMethod.Post, "/files", ("Upload-Length", "5")), Stop);
        using var patched = await PatchAsync(http, created.Headers.Location!.AbsolutePath, 0, "hello"u8.ToArray());
        using var head = await http.SendAsync(NewRequest(HttpMethod.Head, created.Headers.Location.AbsolutePath), Stop);

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal(HttpVersion.Version20, created.Version);
        Assert.Equal("http", created.Headers.Location.Scheme);
        Assert.Equal(HttpStatusCode.NoContent, patched.StatusCode);
        Assert.Equal("5", Assert.Single(head.Headers.GetValues("Upload-Offset")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(23)]
    public async Task A_preface_that_comes_in_two_pieces_is_understood(int first)
    {
        var id = await server.CreateAsync(5);
        using var connection = await RawHttp2Connection.OpenAsync(server.Port);

        await connection.SendAsync(RawHttp2Connection.Preface[..first]);
        await server.OffsetAsync(id); // the first piece has been read by the time another request is answered, or is about to be
        await connection.SendAsync(
            RawHttp2Connection.Preface[first..], RawHttp2Connection.PatchHead(1, id, 0), RawHttp2Connection.Body(1, "hello"u8, last: true));

        await ArrivedAsync(id, 5);
    }

    [Fact]
    public async Task What_only_begins_like_a_preface_is_http_1()
    {
        var answer = await server.RequestAsync("PRI /files HTTP/1.1\r\nHost: up.example\r\n\r\n");

        Assert.Equal(412, answer.Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(60_000)]
    [InlineData(100_000)]
    [Rule("BR1")]
    public async Task BR1_Bytes_that_arrive_together_with_the_reset_of_their_stream_count(int length)
    {
        var id = await server.CreateAsync(200_000);
        using var connection = await RawHttp2Connection.OpenAsync(server.Port);

        await connection.SendAsync(
            [RawHttp2Connection.Preface, RawHttp2Connection.PatchHead(1, id, 0), .. Frames(1, length), RawHttp2Connection.Cancel(1)]);

        await ArrivedAsync(id, Math.Min(length, Window));
        Assert.Equal(Content[..Math.Min(length, Window)], server.Store.BytesOf(id));
    }

    [Fact]
    [Rule("BR1")]
    public async Task BR1_Bytes_that_arrive_together_with_the_end_of_the_connection_count_on_all_its_streams()
    {
        var ids = new[] { await server.CreateAsync(200_000), await server.CreateAsync(200_000), await server.CreateAsync(200_000) };
        using var connection = await RawHttp2Connection.OpenAsync(server.Port);

        await connection.SendAsync(
            [RawHttp2Connection.Preface, .. ids.SelectMany((id, number) => (byte[][])[RawHttp2Connection.PatchHead((2 * number) + 1, id, 0), .. Frames((2 * number) + 1, 20_000)])]);
        connection.EndSending();

        foreach (var id in ids)
            await ArrivedAsync(id, 20000);
        Assert.True(await connection.IsClosedAsync());
    }

    [Fact]
    [Rule("BR2")]
    public async Task BR2_A_reset_never_completes_an_upload_of_unknown_length()
    {
        var id = await server.CreateAsync(null);
        using var connection = await RawHttp2Connection.OpenAsync(server.Port);

        await connection.SendAsync(
            RawHttp2Connection.Preface,
            RawHttp2Connection.PatchHead(1, id, 0, ("upload-complete", "?1"), ("upload-draft-interop-version", "5")),
            RawHttp2Connection.Body(1, "hello"u8),
            RawHttp2Connection.Cancel(1));

        await ArrivedAsync(id, 5);
        Assert.Equal("1", (await server.TusAsync("HEAD", $"/files/{id}")).Header("Upload-Defer-Length"));
    }

    [Fact]
    public async Task A_stream_that_is_reset_leaves_the_others_of_its_connection_alone()
    {
        var (lost, kept) = (await server.CreateAsync(10), await server.CreateAsync(10));
        using var connection = await RawHttp2Connection.OpenAsync(server.Port);

        await connection.SendAsync(
            RawHttp2Connection.Preface,
            RawHttp2Connection.PatchHead(1, lost, 0), RawHttp2Connection.Body(1, "hello"u8),
            RawHttp2Connection.PatchHead(3, kept, 0), RawHttp2Connection.Body(3, "hello"u8),
            RawHttp2Connection.Cancel(1),
            RawHttp2Connection.Body(3, "world"u8, last: true));

        await ArrivedAsync(kept, 10);
        Assert.Equal("5", await server.OffsetAsync(lost));
    }

    [Fact]
    [Rule("LK2")]
    public async Task LK2_A_silent_stream_lets_go_of_its_upload_and_the_connection_stays()
    {
        var (silent, other) = (await server.CreateAsync(10), await server.CreateAsync(5));
        using var connection = await RawHttp2Connection.OpenAsync(server.Port);
        await connection.SendAsync(RawHttp2Connection.Preface, RawHttp2Connection.PatchHead(1, silent, 0), RawHttp2Connection.Body(1, "hello"u8));

        await ArrivedAsync(silent, 5);
        var offset = await server.OffsetAsync(silent);
        var goesOn = await server.PatchAsync(silent, 5, "world");
        await connection.SendAsync(RawHttp2Connection.PatchHead(3, other, 0), RawHttp2Connection.Body(3, "hello"u8, last: true));

        Assert.Equal("5", offset);
        Assert.Equal(204, goesOn.Status);
        await ArrivedAsync(other, 5);
    }

    [Fact]
    [Rule("H7")]
    public async Task H7_An_error_found_before_the_body_is_delivered_to_a_client_that_is_still_sending()
    {
        var id = await server.CreateAsync(10_000_000);
        using var http = NewClient();

        using var answer = await PatchAsync(http, $"/files/{id}", 5, new byte[4 * 1024 * 1024]);

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Equal("ERR_MISMATCHED_OFFSET: mismatched offset\n", await answer.Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    [Rule("R5")]
    public async Task R5_A_method_override_counts_over_http_2()
    {
        var id = await server.CreateAsync(5);
        using var http = NewClient();

        using var answer = await http.SendAsync(NewRequest(HttpMethod.Post, $"/files/{id}", ("X-HTTP-Method-Override", "HEAD")), Stop);

        Assert.Equal("5", Assert.Single(answer.Headers.GetValues("Upload-Length")));
    }

    [Fact]
    [Rule("DR19")]
    public async Task DR19_A_draft_creation_over_http_2_is_answered_without_interim_responses()
    {
        using var http = NewClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/files") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent("hello"u8.ToArray()) };
        request.Headers.Add("Upload-Draft-Interop-Version", "6");
        request.Headers.Add("Upload-Complete", "?1");

        using var answer = await http.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal("?1", Assert.Single(answer.Headers.GetValues("Upload-Complete")));
        Assert.Equal("5", Assert.Single(answer.Headers.GetValues("Upload-Offset")));
    }

    [Theory]
    [InlineData("hello", "5")]
    [InlineData("hallo", "0")]
    [Rule("CK4")]
    public async Task CK4_A_checksum_behind_the_body_is_checked_over_http_2(string hashed, string offset)
    {
        var id = await server.CreateAsync(5);
        var probe = await server.CreateAsync(5);
        using var connection = await RawHttp2Connection.OpenAsync(server.Port);
        var digest = Convert.ToBase64String(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(hashed)));

        await connection.SendAsync(
            RawHttp2Connection.Preface,
            RawHttp2Connection.PatchHead(1, id, 0, ("trailer", "Upload-Checksum")),
            RawHttp2Connection.Body(1, "hello"u8),
            RawHttp2Connection.Trailers(1, ("upload-checksum", $"sha256 {digest}")));
        await connection.SendAsync(RawHttp2Connection.PatchHead(3, probe, 0), RawHttp2Connection.Body(3, "hello"u8, last: true));
        await ArrivedAsync(probe, 5);

        Assert.Equal(offset, await server.OffsetAsync(id));
    }

    [Fact]
    public async Task Thousands_of_streams_that_are_reset_at_once_slow_nobody_else_down()
    {
        var id = await server.CreateAsync(5);
        var streams = Enumerable.Range(0, 3_000).Select(number => (2 * number) + 1);
        using var hostile = await RawHttp2Connection.OpenAsync(server.Port);

        await hostile.SendAsync([RawHttp2Connection.Preface, .. streams.SelectMany(stream =>
            (byte[][])[RawHttp2Connection.PatchHead(stream, id, 3), RawHttp2Connection.Cancel(stream)])]);
        var answer = await server.PatchAsync(id, 0, "hello").WaitAsync(TimeSpan.FromSeconds(5), Stop);

        Assert.Equal(204, answer.Status);
    }

    [Theory]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1 })] // a frame of 16 MiB
    [InlineData(new byte[] { 0, 0, 5, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 5 })] // data of a stream that was never opened
    [InlineData(new byte[] { 0, 0, 4, 3, 0, 0, 0, 0, 0, 0, 0, 0, 8 })] // a reset of the connection itself
    [InlineData(new byte[] { 0, 0, 3, 3, 0, 0, 0, 0, 1, 0, 0, 8 })] // a reset of three bytes
    [Rule("X1")]
    public async Task X1_Frames_that_are_wrong_end_the_connection_and_nothing_else(byte[] frame)
    {
        using var hostile = await RawHttp2Connection.OpenAsync(server.Port);

        await hostile.SendAsync(RawHttp2Connection.Preface, frame);

        Assert.True(await hostile.IsClosedAsync());
        Assert.Equal(201, (await server.TusAsync("POST", "/files", "", "Upload-Length: 5")).Status);
    }

    // HEAD would ask the body to let go.
    private Task ArrivedAsync(string id, int length) => Eventually.TrueAsync(() => server.Store.BytesOf(id).Length == length);

    // What a client may send before it has seen the server's settings (RFC 9113, 6.9.2).
    private const int Window = 65_535;

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static IEnumerable<byte[]> Frames(int stream, int length) =>
        Content[..Math.Min(length, Window)].Chunk(16_384).Select(bytes => RawHttp2Connection.Body(stream, bytes));

    private HttpClient NewClient() => new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = new Uri($"http://127.0.0.1:{server.Port}"),
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private static HttpRequestMessage NewRequest(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        // A message of its own version ignores the client's default.
        var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("Tus-Resumable", "1.0.0");
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return request;
    }

    private static Task<HttpResponseMessage> PatchAsync(HttpClient http, string path, long offset, byte[] content)
    {
        var request = NewRequest(HttpMethod.Patch, path, ("Upload-Offset", Text((int)offset)));
        request.Content = new ByteArrayContent(content);
        request.Content.Headers.ContentType = new("application/offset+octet-stream");
        return http.SendAsync(request, Stop);
    }
}
