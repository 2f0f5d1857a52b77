using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>SIGKILL at random instants (spec: reliability.md D3, Q1 to Q5, T1, T3).</summary>
[Trait("Category", "Faults")]
public sealed class KillTests : IDisposable
{
    private const int Kills = 20;
    private const int ChunkLength = 256 * 1024;
    private const int Length = 32 * ChunkLength;

    private readonly ServerFolder _folder = new("edav", "copy");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 420_000)]
    [Rule("BR8", "HD5", "LK8", "SH2")]
    public async Task A_kill_in_the_middle_of_a_body_loses_nothing_acknowledged_and_doubles_nothing()
    {
        var random = new Random(20_250_605);
        var content = Content.Random(Length);
        var server = await ServerProcess.StartAsync(_folder, Stop);
        try
        {
            for (var kill = 0; kill < Kills; kill++)
            {
                var id = await server.Http.CreateUploadAsync(Length, $"killed-{kill}.bin", Stop);
                var sending = SendUntilKilledAsync(server, id, content);
                await Task.Delay(random.Next(5, 120), Stop);
                await server.KillAsync(Stop);
                var acknowledged = await sending;
                await server.DisposeAsync();

                server = await ServerProcess.StartAsync(_folder, Stop);
                var offset = await server.Http.ReadOffsetAsync(id, Stop);
                Assert.InRange(offset, acknowledged, Math.Min(acknowledged + ChunkLength, Length));
                await server.Http.PatchAsync(id, offset, content.AsMemory((int)offset), Stop);
                await AssertDeliveredAsync(server, id, content);
            }
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact(Timeout = 420_000)]
    [Rule("SH4")]
    public async Task A_kill_right_after_the_last_answer_loses_no_delivery()
    {
        var random = new Random(7);
        var ids = new List<(string Id, byte[] Content)>();
        var server = await ServerProcess.StartAsync(_folder, Stop);
        try
        {
            for (var kill = 0; kill < Kills; kill++)
            {
                var content = Content.Random(200_000 + kill, seed: kill);
                ids.Add((await server.Http.UploadAsync(content, $"finished-{kill}.bin", Stop), content));
                await Task.Delay(random.Next(0, 30), Stop);
                await server.KillAsync(Stop);
                await server.DisposeAsync();
                server = await ServerProcess.StartAsync(_folder, Stop);
            }

            foreach (var (id, content) in ids)
            {
                Assert.Equal(content.Length, await server.Http.ReadOffsetAsync(id, Stop));
                await AssertDeliveredAsync(server, id, content);
                Assert.NotEmpty(await File.ReadAllLinesAsync(Path.Combine(_folder.Reports, $"{id}_upload-started"), Stop));
                Assert.NotEmpty(await File.ReadAllLinesAsync(Path.Combine(_folder.Reports, $"{id}_upload-completed"), Stop));
            }
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    public void Dispose() => _folder.Dispose();

    /// <returns>The offset that the last answer acknowledged before the connection broke.</returns>
    private static async Task<int> SendUntilKilledAsync(ServerProcess server, string id, byte[] content)
    {
        using var http = server.NewClient();
        var acknowledged = 0;
        try
        {
            for (; acknowledged < Length; acknowledged += ChunkLength)
                await http.PatchAsync(id, acknowledged, content.AsMemory(acknowledged, ChunkLength), Stop);
        }
        catch (HttpRequestException)
        {
            // Killed.
        }

        return acknowledged;
    }

    private async Task AssertDeliveredAsync(ServerProcess server, string id, byte[] content)
    {
        var info = await server.WaitForInfoAsync(id, info => info.IsDelivered(_folder.TargetNames), TimeSpan.FromSeconds(60), Stop);
        foreach (var target in _folder.TargetNames)
            await Content.AssertDeliveredOnceAsync(_folder, target, id, info, content, Stop);
    }
}
