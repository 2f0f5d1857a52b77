using Dex.Testing;

namespace Dex.Services.Buckets;

/// <summary>SIGKILL while an upload goes into an object store (spec: reliability.md D3, D4, E2).</summary>
[Trait("Category", "Faults")]
public abstract class KillContract(Func<IReadOnlyDictionary<string, string>> variables) : IDisposable
{
    private const int Kills = 6;
    private const int ChunkLength = 3 << 20;
    private const int Length = 8 * ChunkLength;

    private readonly ServerFolder _folder = new("edav");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory(Timeout = 300_000)]
    [InlineData(ChunkLength)]
    [InlineData(Length)]
    [Rule("BR8", "S35", "SH2")]
    public async Task BR8_S35_SH2_a_kill_loses_nothing_acknowledged_and_the_bytes_are_those_that_were_sent(int chunkLength)
    {
        var random = new Random(20_250_605 + chunkLength);
        var content = Content.Random(Length);
        var server = await StartAsync();
        try
        {
            for (var kill = 0; kill < Kills; kill++)
            {
                var id = await server.Http.CreateUploadAsync(Length, $"killed-{kill}.bin", Stop);
                var sending = SendUntilKilledAsync(server, id, content, chunkLength);
                await Task.Delay(random.Next(20, 600), Stop); // a kill at any instant: nothing is waited for
                await server.KillAsync(Stop);
                var acknowledged = await sending;
                await server.DisposeAsync();

                server = await StartAsync();
                var offset = await server.Http.ReadOffsetAsync(id, Stop);
                Assert.InRange(offset, acknowledged, Length);
                await server.Http.PatchAsync(id, offset, content.AsMemory((int)offset), Stop);
                var info = await server.WaitForInfoAsync(id, info => info.IsDelivered(_folder.TargetNames), TimeSpan.FromSeconds(60), Stop);
                await Content.AssertDeliveredOnceAsync(_folder, "edav", id, info, content, Stop);
            }
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private Task<ServerProcess> StartAsync() => ServerProcess.StartAsync(_folder, Stop, variables());

    /// <returns>The offset that the last answer acknowledged before the connection broke.</returns>
    private static async Task<int> SendUntilKilledAsync(ServerProcess server, string id, byte[] content, int chunkLength)
    {
        using var http = server.NewClient();
        var acknowledged = 0;
        try
        {
            for (; acknowledged < Length; acknowledged += chunkLength)
                await http.PatchAsync(id, acknowledged, content.AsMemory(acknowledged, chunkLength), Stop);
        }
        catch (HttpRequestException)
        {
            // Killed.
        }

        return acknowledged;
    }
}
