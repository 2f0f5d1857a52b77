using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>What a browser must be able to read of every answer (spec: tus.md 13).</summary>
public sealed class CrossOriginErrorTests(TusServer server) : IClassFixture<TusServer>
{
    private const string Unknown = "00000000-0000-4000-8000-000000000000";
    private const string Origin = "Origin: https://page.example";

    [Fact]
    [Rule("CO2", "CO5", "O1")]
    public async Task A_preflight_allows_every_header_of_the_protocols_once()
    {
        string[] needed =
        [
            "Authorization", "Origin", "X-Requested-With", "X-Request-ID", "X-HTTP-Method-Override", "Content-Type", "Upload-Length", "Upload-Offset",
            "Tus-Resumable", "Upload-Metadata", "Upload-Defer-Length", "Upload-Concat", "Upload-Incomplete", "Upload-Complete", "Upload-Draft-Interop-Version",
            "Upload-Checksum", "Content-Digest", "Repr-Digest", "Want-Repr-Digest", "Content-Disposition",
        ];

        var answer = await server.RequestAsync($"OPTIONS /files/{Unknown} HTTP/1.1\r\nHost: a\r\n{Origin}\r\nAccess-Control-Request-Method: BREW\r\nAccess-Control-Request-Headers: x-y\r\n\r\n");

        Assert.Equal((200, ""), (answer.Status, answer.Body));
        Assert.Empty(needed.Except(answer.Header("Access-Control-Allow-Headers")!.Split(", ")));
        Assert.Equal(("POST, HEAD, PATCH, OPTIONS, GET, DELETE", "86400"), (answer.Header("Access-Control-Allow-Methods"), answer.Header("Access-Control-Max-Age")));
        Assert.Equal(("1.0.0", "min-size=0"), (answer.Header("Tus-Version"), answer.Header("Upload-Limit")));
        Assert.Equal(answer.Headers.Count, answer.Headers.Select(header => header.Key.ToUpperInvariant()).Distinct().Count());
    }

    [Fact]
    [Rule("CO3")]
    public async Task Every_header_of_the_protocols_can_be_read_by_a_page()
    {
        string[] needed =
        [
            "Upload-Offset", "Location", "Upload-Length", "Tus-Version", "Tus-Resumable", "Tus-Max-Size", "Tus-Extension", "Upload-Metadata",
            "Upload-Defer-Length", "Upload-Concat", "Upload-Incomplete", "Upload-Complete", "Upload-Draft-Interop-Version", "Upload-Expires", "Upload-Limit",
            "Tus-Checksum-Algorithm", "Repr-Digest",
        ];

        var answer = await server.TusAsync("POST", "/files", "", "Upload-Length: 1", Origin);

        Assert.Empty(needed.Except(answer.Header("Access-Control-Expose-Headers")!.Split(", ")));
        Assert.Null(answer.Header("Access-Control-Allow-Methods"));
        Assert.Null(answer.Header("Access-Control-Allow-Headers"));
        Assert.Null(answer.Header("Access-Control-Max-Age"));
    }

    [Theory]
    [InlineData(400, "POST", "/files", "Upload-Length: x")]
    [InlineData(404, "PATCH", "/files/" + Unknown, "Upload-Offset: 0")]
    [InlineData(404, "DELETE", "/files/nonsense", "X: y")]
    [InlineData(405, "PUT", "/files", "X: y")]
    [InlineData(412, "POST", "/files", "Tus-Resumable: 2")]
    [InlineData(431, "POST", "/files", "Upload-Length: 1\r\nUpload-Metadata: k")]
    [InlineData(500, "POST", "/files", "Upload-Length: 1")]
    [Rule("CO4", "CO5")]
    public async Task Errors_can_be_read_by_a_page(int status, string method, string path, string headers)
    {
        if (status == 431)
            headers += string.Concat(Enumerable.Range(0, 1001).Select(n => $",k{n}"));
        if (status == 500)
            server.Store.FailNext["CreateAsync"] = new IOException("away");

        var answer = await server.TusAsync(method, path, "", "Content-Type: application/offset+octet-stream", Origin, headers);

        Assert.Equal(status, answer.Status);
        Assert.Equal(("https://page.example", "true", "Origin"), (answer.Header("Access-Control-Allow-Origin"), answer.Header("Access-Control-Allow-Credentials"), answer.Header("Vary")));
        Assert.NotNull(answer.Header("Access-Control-Expose-Headers"));
    }
}
