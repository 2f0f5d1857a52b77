using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>What a request says never reaches an answer, a path or a sum unchecked (spec: tus.md MD3, 14, 20).</summary>
public sealed class UntrustedValueTests(TusServer server) : IClassFixture<TusServer>
{
    [Theory]
    [InlineData("k DQpTZXQtQ29va2llOiBhPWI=")] // a line end and a header of its own, in base64
    [InlineData("k AAECAwQFBgcICQoLDA0ODw==")]
    [InlineData("k\u00e9 aGk=")]
    [InlineData("k\u007f aGk=")]
    [Rule("MD3", "X3")]
    public async Task Values_of_metadata_never_make_a_header_line(string metadata)
    {
        var answer = await server.TusAsync("POST", "/files", "", "Upload-Length: 5", $"Upload-Metadata: {metadata},ok aGk=");

        var head = await server.TusAsync("HEAD", "/files/" + (answer.Header("Location") ?? $"/files/{Guid.Empty}")[^36..]);
        Assert.Contains(answer.Status, (int[])[201, 400]);
        Assert.DoesNotContain(head.Headers, header => header.Key == "Set-Cookie");
        if (answer.Status == 201)
            Assert.EndsWith("ok aGk=", head.Header("Upload-Metadata")!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Origin: http://a\tb")]
    [InlineData("X-Forwarded-Host: a\tb")]
    [InlineData("X-Forwarded-Host: a.gov\u00e9")]
    [InlineData("X-Forwarded-Host: user@evil.example")]
    [InlineData("X-Forwarded-Host: evil.example/path?q#f")]
    [InlineData("X-Forwarded-Proto: javascript")]
    [InlineData("Forwarded: host=\"evil.example\\\"x\"")]
    [InlineData("Forwarded: proto=https\u00a0;host=a b")]
    [InlineData("Upload-Draft-Interop-Version: 6\tX")]
    [Rule("X3", "FW3")]
    public async Task Nothing_of_a_hostile_header_comes_back(string header)
    {
        var answer = await server.TusAsync("POST", "/files", "", "Upload-Length: 5", header);

        Assert.Contains(answer.Status, (int[])[201, 400]);
        if (answer.Status == 201)
            Assert.Equal("http://up.example/files/", answer.Header("Location")![..^36]);
        Assert.Null(answer.Header("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("X-Forwarded-Host: first.gov\r\nX-Forwarded-Proto: https\r\nForwarded: proto=http;host=second.gov", "http://second.gov/files/")]
    [InlineData("X-Forwarded-Host: first.gov\r\nForwarded: proto=https", "https://first.gov/files/")]
    [InlineData("X-Forwarded-Proto: https\r\nForwarded: host=second.gov:443", "https://second.gov/files/")]
    [InlineData("X-Forwarded-Proto: ws\r\nX-Forwarded-Host: first.gov:443", "http://first.gov:443/files/")]
    [InlineData("Forwarded: Host=second.gov;Proto=https", "https://second.gov/files/")]
    [Rule("FW2")]
    public async Task Of_forwarded_headers_the_later_win(string headers, string prefix)
    {
        var answer = await server.TusAsync("POST", "/files", "", "Upload-Length: 1", headers);

        Assert.Equal(prefix, answer.Header("Location")![..^36]);
    }

    [Fact]
    [Rule("X4")]
    public async Task Ids_are_case_sensitive()
    {
        var id = await server.CreateAsync(5);
        while (!id.Any(char.IsAsciiLetter))
            id = await server.CreateAsync(5);

        Assert.Equal(404, (await server.TusAsync("HEAD", $"/files/{id.ToUpperInvariant()}")).Status);
        Assert.Equal(404, (await server.TusAsync("DELETE", $"/files/{id.ToUpperInvariant()}")).Status);
        Assert.Equal("0", await server.OffsetAsync(id));
    }

    [Theory]
    [InlineData(3, 9223372036854775807)]
    [InlineData(3, 9223372036854775805)]
    [InlineData(0, 4294967301)]
    [Rule("X4", "P8")]
    public async Task A_sum_that_overflows_is_too_large_at_once(int offset, long announced)
    {
        var id = await server.CreateAsync(5);
        await server.PatchAsync(id, 0, "hello"[..offset]);

        var answer = await server.PatchAsync(id, offset, "lo", $"Content-Length: {announced}");

        Assert.Equal(413, answer.Status);
        Assert.Equal($"{offset}", await server.OffsetAsync(id));
    }

    [Theory]
    [InlineData(".info")]
    [InlineData(".meta")]
    [InlineData(".progress")]
    [InlineData(".part")]
    [InlineData("%2einfo")]
    [InlineData("%2Emeta")]
    [Rule("X2")]
    public async Task Side_files_are_no_uploads(string suffix)
    {
        var id = await server.CreateAsync(5);

        Assert.Equal(404, (await server.TusAsync("HEAD", $"/files/{id}{suffix}")).Status);
        Assert.Equal(404, (await server.PatchAsync($"{id}{suffix}", 0, "hello")).Status);
        Assert.Equal(404, (await server.TusAsync("DELETE", $"/files/{id}{suffix}")).Status);
        Assert.Equal("0", await server.OffsetAsync(id));
    }
}
