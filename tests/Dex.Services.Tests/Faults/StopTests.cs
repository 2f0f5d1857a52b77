using System.Diagnostics;
using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>SIGTERM with clients that never send another byte (spec: reliability.md 12, tus.md 17).</summary>
[Trait("Category", "Faults")]
public sealed class StopTests : IDisposable
{
    private readonly ServerFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 90_000)]
    [Rule("SH1", "SH2")]
    public async Task A_stop_tells_a_stalled_sender_and_keeps_what_it_sent()
    {
        var content = Content.Random(400_000);
        await using var server = await ServerProcess.StartAsync(_folder, Stop);
        var id = await server.Http.CreateUploadAsync(content.Length, "stalled.bin", Stop);
        using var stalled = await RawConnection.OpenAsync(server.Port);
        await stalled.SendAsync(RawRequests.PatchHead(id, 0, content.Length));
        await stalled.SendAsync(content.AsMemory(0, 200_000));
        using var idle = await OpenIdleConnectionAsync(server);
        using var unfinished = await RawConnection.OpenAsync(server.Port);
        await unfinished.SendAsync("POST /files HTTP/1.1\r\nHost: loc");
        await Eventually.TrueAsync(async () => (await server.FindInfoAsync(id, Stop))?.Size == 200_000);

        var exitCode = await server.StopAsync(TimeSpan.FromSeconds(10), Stop);
        var answer = await stalled.ReadAnswerAsync();

        Assert.Equal(0, exitCode);
        Assert.Equal(503, answer?.Status);
        Assert.Equal("ERR_SERVER_SHUTDOWN: request has been interrupted because the server is shutting down\n", answer?.Body);
        await using var restarted = await ServerProcess.StartAsync(_folder, Stop);
        Assert.Equal(200_000, await restarted.Http.ReadOffsetAsync(id, Stop));
        await restarted.Http.PatchAsync(id, 200_000, content.AsMemory(200_000), Stop);
        var info = await restarted.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);
        await Content.AssertDeliveredOnceAsync(_folder, "edav", id, info, content, Stop);
    }

    [Fact(Timeout = 90_000)]
    [Rule("SH1")]
    public async Task A_second_signal_ends_the_server_at_once()
    {
        await using var server = await ServerProcess.StartAsync(_folder, Stop);
        var id = await server.Http.CreateUploadAsync(100, "stalled.bin", Stop);
        using var stalled = await RawConnection.OpenAsync(server.Port);
        await stalled.SendAsync(RawRequests.PatchHead(id, 0, 100) + "half");
        await Eventually.TrueAsync(async () => (await server.FindInfoAsync(id, Stop))?.Size == 4);

        server.Send(ProcessSignal.Terminate);
        if (!server.HasExited)
            server.Send(ProcessSignal.Terminate);

        await server.WaitForExitAsync(TimeSpan.FromSeconds(3), Stop);
    }

    [Theory(Timeout = 90_000)]
    [InlineData(ProcessSignal.Terminate)]
    [InlineData(ProcessSignal.Interrupt)]
    [Rule("SH1")]
    public async Task An_idle_server_stops_within_moments(ProcessSignal signal)
    {
        await using var server = await ServerProcess.StartAsync(_folder, Stop);
        using var idle = await OpenIdleConnectionAsync(server);
        var clock = Stopwatch.StartNew();

        server.Send(signal);
        var exitCode = await server.WaitForExitAsync(TimeSpan.FromSeconds(10), Stop);

        Assert.Equal(0, exitCode);
        // One second is the promise; a busy machine gets a second more.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.Contains(server.Output, line => line.Contains("closing server by os signal", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<RawConnection> OpenIdleConnectionAsync(ServerProcess server)
    {
        var connection = await RawConnection.OpenAsync(server.Port);
        await connection.SendAsync("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, (await connection.ReadAnswerAsync())?.Status);
        return connection;
    }
}
