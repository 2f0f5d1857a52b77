using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>The predecessor's ids in S3: that of the upload, a plus, and that of a multipart upload (spec: tus.md S32, reliability.md S-1).</summary>
public sealed class LongIdTests : IAsyncLifetime
{
    private readonly TusServer _server = new(options => options.AcceptsLongIds = true);

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("+")]
    [InlineData("+..")]
    [InlineData("+a/../b")]
    [InlineData("+%2e%2e")]
    [InlineData("+%0d%0a")]
    [InlineData("2~x")]
    [InlineData(".info+x")]
    public async Task What_only_looks_like_one_names_nothing(string rest)
    {
        var upload = await _server.CreateAsync(5);

        Assert.Equal(404, (await _server.TusAsync("HEAD", $"/files/{upload}{rest}")).Status);
    }

    [Fact]
    [Rule("S32")]
    public async Task S32_a_long_id_names_the_same_upload_and_the_same_lock()
    {
        var upload = await _server.CreateAsync(10);
        var alias = $"{upload}+2~AGXjp9veFqhSe-qSE+ktT8_DD.FI=";

        var patched = await _server.PatchAsync(alias, 0, "hello");
        var part = (await _server.TusAsync("POST", "/files", "part", "Upload-Length: 4", "Upload-Concat: partial", "Content-Type: application/offset+octet-stream")).Header("Location");
        var final = await _server.TusAsync("POST", "/files", "", $"Upload-Concat: final;{part}+2~abc");

        Assert.Equal((204, "5"), (patched.Status, patched.Header("Upload-Offset")));
        Assert.Equal("5", await _server.OffsetAsync(upload));
        Assert.Equal(201, final.Status);
        Assert.Equal(204, (await _server.TusAsync("DELETE", $"/files/{alias}")).Status);
        Assert.Equal(404, (await _server.TusAsync("HEAD", $"/files/{upload}")).Status);
    }
}

/// <summary>Where uploads are files there are no such ids.</summary>
public sealed class NoLongIdTests : IAsyncLifetime
{
    private readonly TusServer _server = new();

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_long_id_names_nothing() =>
        Assert.Equal(404, (await _server.TusAsync("HEAD", $"/files/{await _server.CreateAsync(5)}+2~abc")).Status);
}
