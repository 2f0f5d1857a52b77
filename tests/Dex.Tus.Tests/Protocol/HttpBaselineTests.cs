using System.Reflection;
using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md 2 and 12.</summary>
public sealed class HttpBaselineTests(TusServer server) : IClassFixture<TusServer>
{
    private const string Unknown = "00000000-0000-4000-8000-000000000000";
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";

    [Theory]
    [InlineData("POST", "/files", "Upload-Length: x", 400)]
    [InlineData("PATCH", "/files/" + Unknown, OffsetStream + "\r\nUpload-Offset: 0", 404)]
    [InlineData("DELETE", "/files/" + Unknown, "X: y", 404)]
    [InlineData("HEAD", "/files/" + Unknown, "X: y", 404)]
    [InlineData("HEAD", "/files/" + Unknown, "Tus-Resumable: 9", 412)]
    [InlineData("HEAD", "/files", "X: y", 405)]
    [Rule("H1", "H2", "H3", "H4", "HD3")]
    public async Task An_error_is_plain_text_with_its_length_and_without_a_body_on_HEAD(string method, string path, string headers, int status)
    {
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(TusServer.Compose(method, path, "", headers));
        var answer = await connection.ReadAnswerAsync(toHead: method == "HEAD");
        await connection.SendAsync(TusServer.Compose("HEAD", $"/files/{Unknown}", ""));
        var next = await connection.ReadAnswerAsync(toHead: true);

        Assert.Equal((status, "text/plain; charset=utf-8"), (answer!.Status, answer.Header("Content-Type")));
        Assert.Equal(("1.0.0", "nosniff"), (answer.Header("Tus-Resumable"), answer.Header("X-Content-Type-Options")));
        Assert.True(answer.Header("Content-Length") is not (null or "0"));
        Assert.Null(answer.Header("Upload-Offset"));
        Assert.Matches(method == "HEAD" ? "^$" : "^ERR_[A-Z_]+: [^\n]+\n$", answer.Body);
        Assert.Equal(404, next!.Status); // what comes next on the connection is the next answer, so there was no body
    }

    [Fact]
    [Rule("H4", "P5")]
    public async Task A_204_and_a_HEAD_have_no_body_and_leave_the_connection_usable()
    {
        var id = await server.CreateAsync(10);
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hello", OffsetStream, "Upload-Offset: 0"));
        var patch = await connection.ReadAnswerAsync();
        await connection.SendAsync(TusServer.Compose("HEAD", $"/files/{id}", ""));
        var head = await connection.ReadAnswerAsync(toHead: true);
        await connection.SendAsync(TusServer.Compose("DELETE", $"/files/{id}", ""));
        var delete = await connection.ReadAnswerAsync();

        Assert.Equal((204, 200, 204), (patch!.Status, head!.Status, delete!.Status));
        Assert.All(new[] { patch, delete }, answer => Assert.Equal((null, null), (answer.Header("Content-Length"), answer.Header("Transfer-Encoding"))));
    }

    [Theory]
    [InlineData("tus-resumable: 1.0.0", "upload-length: 1")]
    [InlineData("TUS-RESUMABLE: 1.0.0", "UPLOAD-LENGTH: 1")]
    [Rule("H5")]
    public async Task Names_of_headers_are_taken_in_any_case(string version, string length)
    {
        var answer = await server.RequestAsync($"POST /files HTTP/1.1\r\nhost: a\r\n{version}\r\n{length}\r\ncontent-length: 0\r\n\r\n");

        Assert.Equal(201, answer.Status);
    }

    [Fact]
    [Rule("H6", "MD1")]
    public async Task Headers_of_64_KiB_are_accepted()
    {
        var answer = await server.TusAsync("POST", "/files", "", "Upload-Length: 1", $"Upload-Metadata: k {Convert.ToBase64String(new byte[48 * 1024])}");

        Assert.Equal(201, answer.Status);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br, deflate")]
    [InlineData("none-of-these")]
    [Rule("H9")]
    public async Task Bytes_are_stored_as_they_came_and_answers_are_not_compressed(string encoding)
    {
        var id = await server.CreateAsync(5);

        var patch = await server.PatchAsync(id, 0, "hello", $"Content-Encoding: {encoding}", "Accept-Encoding: gzip, br");
        var refused = await server.PatchAsync(id, 3, "hello", "Accept-Encoding: gzip, br");

        Assert.Equal(204, patch.Status);
        Assert.Equal("hello"u8.ToArray(), server.Store.BytesOf(id));
        Assert.Null(refused.Header("Content-Encoding"));
        Assert.Equal("ERR_MISMATCHED_OFFSET: mismatched offset\n", refused.Body);
    }

    [Fact]
    [Rule("O2", "O3", "CK2")]
    public async Task OPTIONS_names_the_algorithms_in_lower_case()
    {
        var answer = await server.TusAsync("OPTIONS", "/files");

        Assert.Equal("sha1,md5,sha256,sha384,sha512", answer.Header("Tus-Checksum-Algorithm"));
        Assert.Contains("checksum", answer.Header("Tus-Extension")!.Split(','));
    }

    // A client sends again after 409, 423 and 5xx, and gives up after any other 4xx. Those below are the client's own
    // mistakes, what will stay as it is, or the word of a newer request of the same client (LK3).
    [Fact]
    [Rule("ER1")]
    public void What_sending_again_can_cure_has_a_status_that_is_sent_again()
    {
        string[] final =
        [
            "ERR_INVALID_CONTENT_TYPE", "ERR_INVALID_UPLOAD_LENGTH", "ERR_INVALID_UPLOAD_LENGTH_DEFER", "ERR_AMBIGUOUS_UPLOAD_LENGTH", "ERR_INVALID_OFFSET",
            "ERR_INVALID_CONCAT", "ERR_CONCATENATION_UNSUPPORTED", "ERR_UPLOAD_NOT_FINISHED", "ERR_UPLOAD_INTERRUPTED", "ERR_UNEXPECTED_EOF", "ERR_INVALID_CHECKSUM",
            "ERR_MODIFY_FINAL", "ERR_ORIGIN_NOT_ALLOWED", "ERR_UPLOAD_NOT_FOUND", "ERR_UNSUPPORTED_VERSION", "ERR_MAX_SIZE_EXCEEDED", "ERR_UPLOAD_SIZE_EXCEEDED",
            "ERR_METADATA_TOO_LARGE", "ERR_CHECKSUM_MISMATCH", "ERR_INVALID_FORM", "ERR_FORM_TOO_LARGE",
        ];

        var errors = typeof(TusErrors).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (TusError)field.GetValue(null)!).ToArray();

        Assert.NotEmpty(errors);
        Assert.All(errors, error => Assert.True(
            error.StatusCode is 409 or 423 or >= 500 || final.Contains(error.Code) || error.Code.StartsWith("ERR_UPLOAD_EXPIRED", StringComparison.Ordinal), error.ToString()));
        Assert.Equal(500, TusErrors.Internal("any").StatusCode);
    }
}
