using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>SIGTERM with HTTP/2 streams that never send another byte (spec: reliability.md 12, tus.md 17).</summary>
[Trait("Category", "Faults")]
public sealed class Http2StopTests : IDisposable
{
    private const string Stopping = "ERR_SERVER_SHUTDOWN: request has been interrupted because the server is shutting down\n";

    private readonly ServerFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 90_000)]
    [Rule("SH1", "SH2")]
    public async Task SH1_a_stop_tells_every_stalled_stream_and_keeps_what_it_sent()
    {
        await using var server = await ServerProcess.StartAsync(_folder, Stop);
        var ids = new[] { await CreateAsync(server), await CreateAsync(server), await CreateAsync(server) };
        using var stalled = await RawHttp2Connection.OpenAsync(server.Port);
        await stalled.SendAsync(
            [RawHttp2Connection.Preface, .. ids.SelectMany((id, number) =>
                (byte[][])[RawHttp2Connection.PatchHead((2 * number) + 1, id, 0), RawHttp2Connection.Body((2 * number) + 1, "hello"u8)])]);
        foreach (var id in ids)
            await Eventually.TrueAsync(async () => (await server.FindInfoAsync(id, Stop))?.Size == 5);

        server.Send(ProcessSignal.Terminate);
        var frames = await stalled.ReadFramesAsync();
        var exitCode = await server.WaitForExitAsync(TimeSpan.FromSeconds(10), Stop);

        Assert.Equal(0, exitCode);
        Assert.Contains(frames, frame => frame.IsGoAway);
        foreach (var stream in new[] { 1, 3, 5 })
            Assert.Equal(Stopping, string.Concat(frames.Where(frame => frame.IsBody && frame.Stream == stream).Select(frame => frame.Text)));
        await using var restarted = await ServerProcess.StartAsync(_folder, Stop);
        foreach (var id in ids)
            Assert.Equal(5, await restarted.Http.ReadOffsetAsync(id, Stop));
    }

    [Fact(Timeout = 90_000)]
    [Rule("SH1")]
    public async Task SH1_clients_that_take_no_answer_do_not_hold_the_stop_up()
    {
        await using var server = await ServerProcess.StartAsync(_folder, Stop);
        using var deaf = await RawHttp2Connection.OpenAsync(server.Port);
        await deaf.SendAsync(RawHttp2Connection.PrefaceWithoutWindow, RawHttp2Connection.Head(1, last: true, "GET", "/metrics"));
        await deaf.ReadFramesAsync(frame => frame.IsHead);

        var exitCode = await server.StopAsync(TimeSpan.FromSeconds(10), Stop);

        Assert.Equal(0, exitCode);
    }

    public void Dispose() => _folder.Dispose();

    private static Task<string> CreateAsync(ServerProcess server) => server.Http.CreateUploadAsync(100, "stalled.bin", Stop);
}
