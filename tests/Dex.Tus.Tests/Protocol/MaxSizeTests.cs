using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md O3, CR3, DL6, DL7, CC7, MD1 under a configured maximum.</summary>
public sealed class MaxSizeTests : IAsyncLifetime
{
    private readonly TusServer _server = new(options => options.MaxSize = 10);

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    [Rule("O3", "O4", "CR3", "DL6", "DL7")]
    public async Task The_limit_is_announced_and_kept()
    {
        const string tooLarge = "ERR_MAX_SIZE_EXCEEDED: maximum size exceeded\n";

        var options = await _server.TusAsync("OPTIONS", "/files");
        var created = await _server.TusAsync("POST", "/files", "", "Upload-Length: 10");
        var refused = await _server.TusAsync("POST", "/files", "", "Upload-Length: 11");
        var deferred = await _server.CreateAsync(null);
        var declared = await _server.PatchAsync(deferred, 0, "x", "Upload-Length: 11");
        var cutOff = await _server.PatchAsync(deferred, 0, "b\r\nhello world\r\n0\r\n\r\n", "Transfer-Encoding: chunked");

        Assert.Equal(("10", "min-size=0,max-size=10"), (options.Header("Tus-Max-Size"), options.Header("Upload-Limit")));
        Assert.Equal(201, created.Status);
        Assert.Equal((413, tooLarge), (refused.Status, refused.Body));
        Assert.Equal((413, tooLarge), (declared.Status, declared.Body));
        Assert.Equal(413, cutOff.Status);
        Assert.Equal("10", await _server.OffsetAsync(deferred));
    }

    [Fact]
    [Rule("CR3", "DL6")]
    public async Task CR3_DL6_an_upload_whose_length_comes_late_may_have_a_limit_of_its_own()
    {
        await using var server = new TusServer(options => (options.MaxSize, options.MaxDeferredSize) = (10, 8));
        await server.InitializeAsync();

        var known = await server.TusAsync("POST", "/files", "", "Upload-Length: 10");
        var deferred = await server.CreateAsync(null);
        var declared = await server.PatchAsync(deferred, 0, "x", "Upload-Length: 9");
        var tooLong = await server.PatchAsync(deferred, 0, "123456789");
        var cutOff = await server.PatchAsync(deferred, 0, "9\r\n123456789\r\n0\r\n\r\n", "Transfer-Encoding: chunked");
        var finished = await server.PatchAsync(deferred, 8, "", "Upload-Length: 8");

        Assert.Equal((201, 413, 413, 413, 204), (known.Status, declared.Status, tooLong.Status, cutOff.Status, finished.Status));
    }

    [Fact]
    [Rule("CC7")]
    public async Task CC7_the_sum_of_the_parts_counts()
    {
        var part = (await _server.TusAsync("POST", "/files", "helloo", "Upload-Length: 6", "Upload-Concat: partial", "Content-Type: application/offset+octet-stream")).Header("Location");

        var answer = await _server.TusAsync("POST", "/files", "", $"Upload-Concat: final;{part} {part}");

        Assert.Equal(413, answer.Status);
    }
}
