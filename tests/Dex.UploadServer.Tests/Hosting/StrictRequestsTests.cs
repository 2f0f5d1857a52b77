using Dex.Testing;
using Microsoft.AspNetCore.Builder;

namespace Dex.UploadServer.Tests.Hosting;

/// <summary>spec: reliability.md S-7 and I2, tus.md H5 and MD1: what is refused below the rooms, and what is not.</summary>
public sealed class StrictRequestsTests : IAsyncLifetime
{
    private const string Unknown = "/files/00000000-0000-4000-8000-000000000000";
    private const string Patch = $"PATCH {Unknown} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n";

    private readonly TemporaryFolder _folder = new();
    private readonly WebApplication _app;

    public StrictRequestsTests() => _app = Program.Build([], Variables.Of($"LOCAL_FOLDER_UPLOADS_TUS={_folder.FullPath}"));

    public async ValueTask InitializeAsync() => await _app.StartAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("gzip, chunked")]
    [InlineData("chunked, chunked")]
    [InlineData("chunked\r\nTransfer-Encoding: chunked")]
    [InlineData("gzip\r\nTransfer-Encoding: chunked")]
    [InlineData("identity")]
    [InlineData(",chunked")]
    [InlineData("chunked;q=1")]
    public async Task S7_a_transfer_coding_other_than_chunked_is_refused_and_the_connection_ends(string coding)
    {
        var answer = await SendAsync($"{Patch}Transfer-Encoding: {coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n");

        Assert.Equal((400, "close"), (answer.Status, answer.Header("Connection")));
    }

    [Theory]
    [InlineData("X-\u0001")]
    [InlineData("X(y)")]
    [InlineData("X@y")]
    [InlineData("X\u007f")]
    [Rule("X1")]
    public async Task X1_a_header_name_that_is_no_token_is_refused(string name)
    {
        var answer = await SendAsync($"{Patch}{name}: a\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(400, answer.Status);
    }

    [Fact]
    [Rule("CO4")]
    public async Task A_page_can_read_a_refusal_from_below_the_protocol()
    {
        var answer = await SendAsync($"{Patch}Origin: https://page.example\r\nX-Note: a\u0001b\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal((400, "https://page.example"), (answer.Status, answer.Header("Access-Control-Allow-Origin")));
        Assert.NotNull(answer.Header("Access-Control-Expose-Headers"));
    }

    [Theory]
    [InlineData("a\u0001b", 400)]
    [InlineData("a\u001bb", 400)]
    [InlineData("a\u007fb", 400)]
    [InlineData("a\tb", 404)]
    [Rule("X1")]
    public async Task X1_a_control_character_in_a_header_is_refused(string value, int status)
    {
        var answer = await SendAsync($"{Patch}X-Note: {value}\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(status, answer.Status);
    }

    [Fact]
    public async Task S7_chunks_of_HTTP_1_0_are_refused()
    {
        var answer = await SendAsync($"{Patch.Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal)}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");

        Assert.Equal(400, answer.Status);
    }

    [Theory]
    [InlineData("+5", 400)]
    [InlineData("-5", 400)]
    [InlineData("-0", 400)]
    [InlineData("0x5", 400)]
    [InlineData("5, 5", 400)]
    [InlineData("5\r\nContent-Length: 5", 400)]
    [InlineData("", 400)]
    [InlineData("9223372036854775808", 400)]
    [InlineData("9999999999999999999999999999999999999999", 400)]
    [InlineData("9223372036854775807", 404)]
    [InlineData("5", 404)]
    public async Task S7_a_content_length_is_digits_and_nothing_else(string length, int status)
    {
        var answer = await SendAsync($"{Patch}Content-Length: {length}\r\n\r\nhello");

        Assert.Equal(status, answer.Status);
    }

    [Theory]
    [InlineData("head", Unknown)]
    [InlineData("patch", Unknown)]
    [InlineData("head", "/info/x")]
    [InlineData("Get", "/health")]
    [InlineData("CONNECT", "x:80")]
    public async Task I2_a_method_that_is_not_served_is_501_and_the_next_request_is_answered(string method, string target)
    {
        using var connection = await RawConnection.OpenAsync(Port);

        await connection.SendAsync($"{method} {target} HTTP/1.1\r\nHost: x:80\r\n\r\nHEAD {Unknown} HTTP/1.1\r\nHost: x\r\n\r\n");
        var answer = await connection.ReadAnswerAsync();
        var next = await connection.ReadAnswerAsync(toHead: true);

        Assert.Equal((501, "501 Not Implemented\n"), (answer!.Status, answer.Body));
        Assert.Equal(404, next!.Status);
    }

    [Fact]
    [Rule("H5")]
    public async Task H5_the_host_of_an_absolute_target_counts_and_not_that_of_the_header()
    {
        var answer = await SendAsync($"HEAD http://elsewhere:99{Unknown} HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal((404, "1.0.0"), (answer.Status, answer.Header("Tus-Resumable")));
    }

    [Fact]
    [Rule("MD1")]
    public async Task MD1_bytes_that_are_no_UTF_8_do_not_fail_a_request()
    {
        var answer = await SendAsync($"POST /files HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 1\r\nUpload-Metadata: \u00e9 YQ==\r\nX-Note: \u00ff\u00fe\r\nContent-Length: 0\r\n\r\n");

        Assert.Contains("validation_errors", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("H2")]
    public async Task H2_a_redirect_to_the_clean_path_is_not_sniffed_either()
    {
        var answer = await SendAsync("HEAD /files/%2e%2e/x HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal((301, "/x", "nosniff"), (answer.Status, answer.Header("Location"), answer.Header("X-Content-Type-Options")));
    }

    private int Port => new Uri(_app.Urls.Single().Replace("[::]", "localhost", StringComparison.Ordinal)).Port;

    private async Task<RawAnswer> SendAsync(string request)
    {
        using var connection = await RawConnection.OpenAsync(Port);
        await connection.SendAsync(request);
        var answer = await connection.ReadAnswerAsync(request.StartsWith("HEAD ", StringComparison.Ordinal));
        return answer ?? throw new IOException("the connection was closed without an answer");
    }
}
