using System.Text.RegularExpressions;
using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md 13 and 14.</summary>
public sealed class CrossOriginTests(TusServer server) : IClassFixture<TusServer>
{
    [Theory]
    [InlineData("http://localhost:8081")]
    [InlineData("null")]
    [Rule("CO1", "CO2", "CO5")]
    public async Task CO1_CO2_a_preflight_is_a_full_answer(string origin)
    {
        var answer = await server.RequestAsync($"OPTIONS /files/x HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: PATCH\r\n\r\n");

        Assert.Equal(200, answer.Status);
        Assert.Equal(origin, answer.Header("Access-Control-Allow-Origin"));
        Assert.Equal("true", answer.Header("Access-Control-Allow-Credentials"));
        Assert.Equal("Origin", answer.Header("Vary"));
        Assert.Equal("POST, HEAD, PATCH, OPTIONS, GET, DELETE", answer.Header("Access-Control-Allow-Methods"));
        Assert.Equal("86400", answer.Header("Access-Control-Max-Age"));
        Assert.Contains("Upload-Draft-Interop-Version", answer.Header("Access-Control-Allow-Headers")!, StringComparison.Ordinal);
        Assert.Null(answer.Header("Access-Control-Expose-Headers"));
        Assert.Equal("1.0.0", answer.Header("Tus-Version"));
    }

    [Fact]
    [Rule("CO3", "CO4")]
    public async Task CO3_CO4_errors_carry_the_headers_too()
    {
        var answer = await server.TusAsync("HEAD", "/files/00000000-0000-4000-8000-000000000000", "", "Origin: http://b");

        Assert.Equal(404, answer.Status);
        Assert.Equal("http://b", answer.Header("Access-Control-Allow-Origin"));
        Assert.Contains("Upload-Offset, Location", answer.Header("Access-Control-Expose-Headers")!, StringComparison.Ordinal);
        Assert.Null(answer.Header("Access-Control-Allow-Methods"));
    }

    [Fact]
    [Rule("CO1")]
    public async Task Without_an_origin_there_is_only_Vary()
    {
        var answer = await server.TusAsync("OPTIONS", "/files");

        Assert.Equal("Origin", answer.Header("Vary"));
        Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task An_origin_that_is_not_ASCII_cannot_break_the_answer()
    {
        var answer = await server.TusAsync("OPTIONS", "/files", "", "Origin: http://\u00c3\u00a9");

        Assert.Contains(answer.Status, (int[])[200, 400]);
    }

    [Fact]
    [Rule("CO6")]
    public async Task CO6_a_disallowed_origin_is_refused_without_CORS_headers()
    {
        await using var strict = new TusServer(options => options.AllowedOrigins = new Regex("^https://good\\.example$"));
        await strict.InitializeAsync();

        var refused = await strict.TusAsync("POST", "/files", "", "Upload-Length: 1", "Origin: https://evil.example");
        var allowed = await strict.TusAsync("POST", "/files", "", "Upload-Length: 1", "Origin: https://good.example");

        Assert.Equal((403, "ERR_ORIGIN_NOT_ALLOWED: request origin is not allowed\n"), (refused.Status, refused.Body));
        Assert.Null(refused.Header("Access-Control-Allow-Origin"));
        Assert.Equal(201, allowed.Status);
    }

    [Theory]
    [InlineData("X-Forwarded-Host: up.gov", "http://up.gov/files/")]
    [InlineData("X-Forwarded-Host: up.gov, inner", "http://up.gov/files/")]
    [InlineData("X-Forwarded-Host: up.gov/evil", "http://up.example/files/")]
    [InlineData("X-Forwarded-Host: a b", "http://up.example/files/")]
    [InlineData("X-Forwarded-Proto: https", "https://up.example/files/")]
    [InlineData("X-Forwarded-Proto: HTTPS", "http://up.example/files/")]
    [InlineData("X-Forwarded-Proto: ftp", "http://up.example/files/")]
    [InlineData("X-Forwarded-Proto: https\r\nX-Forwarded-Host: up.gov:443", "https://up.gov/files/")]
    [InlineData("X-Forwarded-Host: up.gov:80", "http://up.gov/files/")]
    [InlineData("X-Forwarded-Host: up.gov:8080", "http://up.gov:8080/files/")]
    [InlineData("X-Forwarded-Host: [::1]:8080", "http://[::1]:8080/files/")]
    [InlineData("X-Forwarded-Host: [::1", "http://up.example/files/")]
    [InlineData("X-Forwarded-Host: up.gov:99999", "http://up.example/files/")]
    [InlineData("Forwarded: for=1.2.3.4;host=\"f.gov:81\";proto=https", "https://f.gov:81/files/")]
    [InlineData("Forwarded: host=f.gov;proto=gopher", "http://f.gov/files/")]
    [InlineData("X-Forwarded-Host: x.gov\r\nForwarded: host=f.gov, host=g.gov", "http://f.gov/files/")]
    [InlineData("Forwarded: host=f.gov<script>", "http://up.example/files/")]
    [Rule("FW1", "FW2", "FW3")]
    public async Task FW1_to_FW3_Location_is_what_the_client_can_reach(string headers, string prefix)
    {
        var answer = await server.TusAsync("POST", "/files?x=y", "", "Upload-Length: 1", headers);

        Assert.Equal(201, answer.Status);
        Assert.Equal(prefix, answer.Header("Location")![..^36]);
    }

    [Fact]
    [Rule("FW1", "CC4")]
    public async Task FW1_an_absolute_base_path_is_used_as_it_is()
    {
        await using var mounted = new TusServer(options => options.BasePath = "https://up.gov:444/dex/files");
        await mounted.InitializeAsync();

        var part = await mounted.TusAsync("POST", "/dex/files", "", "Upload-Length: 0", "Upload-Concat: partial", "X-Forwarded-Host: x.gov");
        var final = await mounted.TusAsync("POST", "/dex/files/", "", $"Upload-Concat: final;{part.Header("Location")}");
        var head = await mounted.TusAsync("HEAD", "/dex/files/" + final.Header("Location")![^36..]);

        Assert.Equal("https://up.gov:444/dex/files/", part.Header("Location")![..^36]);
        Assert.Equal("https://up.gov:444/dex/files/", final.Header("Location")![..^36]);
        Assert.Equal($"final;{part.Header("Location")}", head.Header("Upload-Concat"));
    }
}
