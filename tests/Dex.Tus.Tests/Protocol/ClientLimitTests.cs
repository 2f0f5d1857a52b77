using Dex.Testing;
using static Dex.Tus.Tests.DraftRequests;

namespace Dex.Tus.Tests.Protocol;

/// <summary>spec: tus.md X5.</summary>
public sealed class ClientLimitTests
{
    private const string TooMany = "ERR_TOO_MANY_REQUESTS: too many requests of this client, try again later\n";
    private const string OffsetStream = "Content-Type: application/offset+octet-stream";

    [Fact]
    [Rule("X5", "ER1")]
    public async Task A_client_with_too_many_bodies_under_way_is_asked_to_come_back()
    {
        await using var server = await StartAsync(options => options.MaxBodiesPerClient = 2);
        var ids = new[] { await server.CreateAsync(10), await server.CreateAsync(10), await server.CreateAsync(10) };
        using var first = await StartBodyAsync(server, ids[0]);
        using var second = await StartBodyAsync(server, ids[1]);

        var refused = await server.PatchAsync(ids[2], 0, "hello", "Origin: https://page.example");
        var created = await server.TusAsync("POST", "/files", "", "Upload-Length: 1");
        var draft = await server.RequestAsync(Draft(8, "POST", "/files", "x", "Upload-Complete: ?1"));
        var plain = await server.RequestAsync("PUT /files/a.csv HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
        var head = await server.TusAsync("HEAD", $"/files/{ids[0]}"); // ends the first body
        await Eventually.TrueAsync(async () => (await server.PatchAsync(ids[2], 0, "hello")).Status == 204);

        Assert.All(new[] { refused, created, draft, plain }, answer => Assert.Equal((503, "1", TooMany), (answer.Status, answer.Header("Retry-After"), answer.Body)));
        Assert.Equal(("1.0.0", "https://page.example"), (refused.Header("Tus-Resumable"), refused.Header("Access-Control-Allow-Origin")));
        Assert.Null(draft.Header("Tus-Resumable"));
        Assert.Equal((200, "5"), (head.Status, head.Header("Upload-Offset")));
    }

    [Fact]
    [Rule("X5")]
    public async Task Creations_beyond_a_minutes_share_wait_for_theirs()
    {
        var clock = new ManualClock();
        await using var server = await StartAsync(options => options.MaxCreationsPerClientAndMinute = 3, clock);
        for (var i = 0; i < 3; i++)
            await server.CreateAsync(1);
        var before = server.Store.Count;

        var refused = await server.TusAsync("POST", "/files", "", "Upload-Length: 1");
        clock.Advance(TimeSpan.FromSeconds(20));
        var later = await server.TusAsync("POST", "/files", "", "Upload-Length: 1");
        var next = await server.TusAsync("POST", "/files", "", "Upload-Length: 1");

        Assert.Equal((503, "20", TooMany), (refused.Status, refused.Header("Retry-After"), refused.Body));
        Assert.Equal((201, 503), (later.Status, next.Status));
        Assert.Equal(before + 1, server.Store.Count);
    }

    [Fact]
    [Rule("X5")]
    public async Task A_client_that_is_quiet_again_is_forgotten()
    {
        var clock = new ManualClock();
        await using var server = await StartAsync(options => (options.MaxBodiesPerClient, options.MaxCreationsPerClientAndMinute) = (5, 60), clock);

        var id = await server.CreateAsync(5);
        clock.Advance(TimeSpan.FromSeconds(2));
        await server.PatchAsync(id, 0, "hello");

        await Eventually.TrueAsync(() => server.Clients.Count == 0);
    }

    private static async Task<RawConnection> StartBodyAsync(TusServer server, string id)
    {
        var connection = await RawConnection.OpenAsync(server.Port);
        await connection.SendAsync(TusServer.Compose("PATCH", $"/files/{id}", "hello", OffsetStream, "Upload-Offset: 0", "Content-Length: 10"));
        await Eventually.TrueAsync(() => server.Store.BytesOf(id).Length == 5);
        return connection;
    }

    private static async Task<TusServer> StartAsync(Action<TusOptions> configure, TimeProvider? clock = null)
    {
        var server = new TusServer(configure, clock: clock);
        await server.InitializeAsync();
        return server;
    }
}
