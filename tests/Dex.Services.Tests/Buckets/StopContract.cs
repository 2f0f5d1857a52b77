using Dex.Testing;

namespace Dex.Services.Buckets;

/// <summary>SIGTERM while uploads go into an object store (spec: tus.md 17, reliability.md 12).</summary>
[Trait("Category", "Faults")]
public abstract class StopContract(Func<IReadOnlyDictionary<string, string>> variables) : IDisposable
{
    private const int Length = 20 << 20;
    private const int Sent = 13 << 20; // a part, and more than half of the next

    private readonly ServerFolder _folder = new("edav");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(200_000)]
    [InlineData(Sent)]
    [Rule("SH1", "SH2", "S34")]
    public async Task SH1_SH2_S34_a_stop_in_mid_upload_keeps_every_byte_that_was_received(int sent)
    {
        var content = Content.Random(Length);
        await using var server = await ServerProcess.StartAsync(_folder, Stop, variables());
        var id = await server.Http.CreateUploadAsync(Length, "stopped.bin", Stop);
        using var stalled = await RawConnection.OpenAsync(server.Port);
        await stalled.SendAsync(RawRequests.PatchHead(id, 0, Length));
        await stalled.SendAsync(content.AsMemory(0, sent));
        await Eventually.TrueAsync(() => server.UnreadBytes == 0);

        var exitCode = await server.StopAsync(TimeSpan.FromSeconds(30), Stop);
        var answer = await stalled.ReadAnswerAsync();

        Assert.Equal((0, 503), (exitCode, answer?.Status));
        Assert.Equal("ERR_SERVER_SHUTDOWN: request has been interrupted because the server is shutting down\n", answer?.Body);
        await using var restarted = await ServerProcess.StartAsync(_folder, Stop, variables());
        Assert.Equal(sent, await restarted.Http.ReadOffsetAsync(id, Stop));
        await restarted.Http.PatchAsync(id, sent, content.AsMemory(sent), Stop);
        var info = await restarted.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(60), Stop);
        await Content.AssertDeliveredOnceAsync(_folder, "edav", id, info, content, Stop);
    }
}
