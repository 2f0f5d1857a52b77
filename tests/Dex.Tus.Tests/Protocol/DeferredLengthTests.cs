using Dex.Testing;

namespace Dex.Tus.Tests.Protocol;

/// <summary>Lengths that are declared late, and what is left when the connection breaks then (spec: tus.md 5, 6, 18.6).</summary>
public sealed class DeferredLengthTests(TusServer server) : IClassFixture<TusServer>
{
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";

    [Theory]
    [InlineData("hello", "Upload-Length: 5", "", "", 5)]
    [InlineData("hel", "Upload-Length: 5", "lo", "", 5)]
    [InlineData("hel", "X: y", "lo", "Upload-Length: 5", 5)]
    [InlineData("hello", "X: y", "", "Upload-Length: 5", 5)]
    [InlineData("", "Upload-Length: 0", "", "", 0)]
    [Rule("DL3")]
    public async Task Any_PATCH_may_declare_the_length(string first, string firstLength, string second, string secondLength, int length)
    {
        var id = await server.CreateAsync(null);

        var answers = new[] { await server.PatchAsync(id, 0, first, firstLength) }.ToList();
        if (second.Length + secondLength.Length > 0)
            answers.Add(await server.PatchAsync(id, first.Length, second, secondLength.Length == 0 ? "X: y" : secondLength));

        Assert.All(answers, answer => Assert.Equal(204, answer.Status));
        Assert.Equal($"{length}", (await server.TusAsync("HEAD", $"/files/{id}")).Header("Upload-Length"));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r\nUpload-Draft-Interop-Version: 5\r\nUpload-Complete: ?1")]
    [Rule("DL5", "HY1", "HY3")]
    public async Task A_last_chunk_that_was_cut_is_resumed_with_the_same_length(string hybrid)
    {
        var id = await server.CreateAsync(null);
        using (var connection = await RawConnection.OpenAsync(server.Port))
        {
            await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hel", OffsetStream, "Upload-Offset: 0", "Content-Length: 5", "Upload-Length: 5" + hybrid));
            connection.EndSending();
            Assert.Equal(400, (await connection.ReadAnswerAsync())!.Status);
        }

        var head = await server.TusAsync("HEAD", $"/files/{id}", "", "X: y" + hybrid);
        var rest = await server.PatchAsync(id, 3, "lo", "Upload-Length: 5" + hybrid);

        Assert.Equal((200, "3", "5"), (head.Status, head.Header("Upload-Offset"), head.Header("Upload-Length")));
        Assert.Equal((204, "5", "1.0.0"), (rest.Status, rest.Header("Upload-Offset"), rest.Header("Tus-Resumable")));
        Assert.Equal("hello"u8.ToArray(), server.Store.BytesOf(id));
    }

    [Fact]
    [Rule("DL5")]
    public async Task The_length_is_declared_before_the_first_byte_is_read()
    {
        var id = await server.CreateAsync(null);
        using var silent = await RawConnection.OpenAsync(server.Port);

        await silent.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "", OffsetStream, "Upload-Offset: 0", "Content-Length: 5", "Upload-Length: 5"));
        await Eventually.TrueAsync(async () => (await server.Store.FindAsync(id, CancellationToken.None))!.Length == 5);

        Assert.Empty(server.Store.BytesOf(id));
    }

    [Fact]
    [Rule("HY1", "HY2", "R6")]
    public async Task The_reference_pages_requests_are_tus_1_0_with_more_headers()
    {
        const string hybrid = "Upload-Draft-Interop-Version: 5";
        var id = await server.CreateAsync(null);

        var empty = await server.TusAsync("HEAD", $"/files/{id}", "", hybrid);
        var first = await server.PatchAsync(id, 0, "hel", hybrid, "Upload-Complete: ?0");
        var half = await server.TusAsync("HEAD", $"/files/{id}", "", hybrid);
        var last = await server.PatchAsync(id, 3, "lo", hybrid, "Upload-Complete: ?1", "Upload-Length: 5");
        var whole = await server.TusAsync("HEAD", $"/files/{id}", "", hybrid);

        Assert.Equal((200, "1", "0"), (empty.Status, empty.Header("Upload-Defer-Length"), empty.Header("Upload-Offset")));
        Assert.Equal((204, "3"), (first.Status, first.Header("Upload-Offset")));
        Assert.Equal((200, "1", null), (half.Status, half.Header("Upload-Defer-Length"), half.Header("Upload-Length")));
        Assert.Equal((204, "5"), (last.Status, last.Header("Upload-Offset")));
        Assert.Equal((200, null, "5"), (whole.Status, whole.Header("Upload-Defer-Length"), whole.Header("Upload-Length")));
        Assert.All(new[] { empty, first, half, last, whole }, answer => Assert.Equal("1.0.0", answer.Header("Tus-Resumable")));
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id));
    }

    [Theory]
    [InlineData("Upload-Length: 5")]
    [InlineData("Upload-Defer-Length: 1")]
    [Rule("CU3", "BR2")]
    public async Task A_creation_that_was_cut_leaves_an_upload_that_can_be_resumed(string length)
    {
        using var connection = await RawConnection.OpenAsync(server.Port);

        await connection.SendAsync(TusServer.Compose("POST", "/files", "hel", OffsetStream, "Content-Length: 5", length));
        connection.EndSending();
        var cut = await connection.ReadAnswerAsync();
        var id = cut!.Header("Location")![^36..];
        var rest = await server.PatchAsync(id, 3, "lo", "Upload-Length: 5");

        Assert.Equal(400, cut.Status);
        Assert.Equal(1, server.Lifecycle.CountOf("finishing", id)); // by the second request alone
        Assert.Equal((204, "5"), (rest.Status, rest.Header("Upload-Offset")));
        Assert.Equal("hello"u8.ToArray(), server.Store.BytesOf(id));
    }
}
