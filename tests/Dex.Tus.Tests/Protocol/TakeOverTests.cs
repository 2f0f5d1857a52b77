using Dex.Testing;
using static Dex.Tus.Tests.DraftRequests;

namespace Dex.Tus.Tests.Protocol;

/// <summary>Who waits for whom, and what becomes of the one that was writing (spec: tus.md 16).</summary>
public sealed class TakeOverTests(TusServer server) : IClassFixture<TusServer>
{
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";

    [Theory]
    [InlineData("HEAD", 200)]
    [InlineData("PATCH", 204)]
    [InlineData("DELETE", 204)]
    [Rule("LK1")]
    public async Task A_request_waits_for_its_own_upload_and_for_no_other(string method, int status)
    {
        var id = await server.CreateAsync(100);
        var held = await server.Locker.AcquireAsync(id, CancellationToken.None);

        var waiting = server.TusAsync(method, $"/files/{id}", "", OffsetStream, "Upload-Offset: 0");
        await Eventually.TrueAsync(() => held!.ReleaseRequested.IsCancellationRequested);
        var other = await server.PatchAsync(await server.CreateAsync(5), 0, "hello");
        var answeredWhileHeld = waiting.IsCompleted;
        await held!.DisposeAsync();

        Assert.False(answeredWhileHeld);
        Assert.Equal((204, status), (other.Status, (await waiting).Status));
        Assert.Equal(0, server.Locker.Count);
    }

    [Fact]
    [Rule("LK3", "LK4")]
    public async Task What_the_displaced_client_sends_later_is_dropped()
    {
        var id = await server.CreateAsync(100);
        using var displaced = await StartAsync(id, "hello");

        var next = await server.PatchAsync(id, 5, "world");
        await displaced.SendAsync("LATER");
        var answer = await displaced.ReadAnswerAsync();
        var last = await server.PatchAsync(id, 10, "again");

        Assert.Equal((400, "ERR_UPLOAD_INTERRUPTED: upload has been interrupted by another request for this upload resource\n"), (answer!.Status, answer.Body));
        Assert.Equal((204, 204), (next.Status, last.Status));
        Assert.Equal("helloworldagain"u8.ToArray(), server.Store.BytesOf(id));
    }

    [Fact]
    [Rule("LK8")]
    public async Task Nothing_holds_an_upload_after_its_request_whatever_became_of_it()
    {
        var id = await server.CreateAsync(100);

        await server.PatchAsync(id, 7, "x");
        await server.PatchAsync(id, 0, "zz\r\n", "Transfer-Encoding: chunked");
        server.Store.FailNext["FindAsync"] = new IOException("away");
        await server.PatchAsync(id, 0, "x");
        (await StartAsync(id, "hello")).Reset();

        await Eventually.TrueAsync(() => server.Locker.Count == 0);
    }

    [Theory, MemberData(nameof(DraftRequests.Versions), MemberType = typeof(DraftRequests))]
    [Rule("DR18", "LK2", "R6")]
    public async Task A_draft_request_ends_the_running_one_and_tells_all_that_it_sent(int version)
    {
        var id = await server.CreateAsync(100);
        using var silent = await StartAsync(id, "hello");

        var head = await server.RequestAsync(Draft(version, "HEAD", $"/files/{id}", ""));
        var patch = await server.RequestAsync(Draft(version, "PATCH", $"/files/{id}", "world", Partial, "Upload-Offset: 5"));

        Assert.Equal((204, "5"), (head.Status, head.Header("Upload-Offset")));
        Assert.Equal((204, "10"), (patch.Status, patch.Header("Upload-Offset")));
        Assert.Equal(400, (await silent.ReadAnswerAsync())!.Status);
    }

    private async Task<RawConnection> StartAsync(string id, string content)
    {
        var connection = await RawConnection.OpenAsync(server.Port);
        await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", content, OffsetStream, "Upload-Offset: 0", "Content-Length: 100"));
        await Eventually.TrueAsync(() => server.Store.BytesOf(id).Length == content.Length);
        return connection;
    }
}
