using System.Net;
using System.Security.Cryptography;
using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>What a sender declared of a whole file holds over SIGKILL: a file that is not that is never delivered, one that is, once (spec: tus.md DR22, reliability.md Q1 and Q2).</summary>
[Trait("Category", "Faults")]
public sealed class DigestKillTests : IDisposable
{
    private const int Kills = 5;
    private static readonly byte[] Sent = Content.Random(300_000);
    private static readonly byte[] Meant = Content.Random(300_000, seed: 2);

    private readonly ServerFolder _folder = new("edav", "copy");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 240_000)]
    [Rule("DR22")]
    public async Task DR22_a_kill_around_the_last_answer_delivers_nothing_that_does_not_match()
    {
        var random = new Random(22);
        List<string> ids = [];
        var server = await ServerProcess.StartAsync(_folder, Stop);
        try
        {
            for (var kill = 0; kill < Kills; kill++)
            {
                ids.Add(await CreateAsync(server, Meant));
                var sending = SendAsync(server, ids[^1]);
                await Task.Delay(random.Next(0, 40), Stop);
                await server.KillAsync(Stop);
                await sending;
                await server.DisposeAsync();

                server = await ServerProcess.StartAsync(_folder, Stop);
                var offset = await server.Http.ReadOffsetAsync(ids[^1], Stop);
                using var last = await server.Http.SendPatchAsync(ids[^1], offset, Sent.AsMemory((int)offset), Stop);
                Assert.Equal((HttpStatusCode)460, last.StatusCode);
            }

            foreach (var id in ids)
                await AssertRejectedAsync(server, id);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact(Timeout = 120_000)]
    [Rule("DR22")]
    public async Task DR22_what_was_stored_in_full_and_not_recorded_is_compared_at_the_next_start()
    {
        string wrong, right;
        await using (var server = await ServerProcess.StartAsync(_folder, Stop))
        {
            wrong = await CreateAsync(server, Meant);
            right = await CreateAsync(server, Sent);
            await server.KillAsync(Stop);
        }

        await File.WriteAllBytesAsync(Path.Combine(_folder.Uploads, wrong), Sent, Stop);
        await File.WriteAllBytesAsync(Path.Combine(_folder.Uploads, right), Sent, Stop);
        await using var restarted = await ServerProcess.StartAsync(_folder, Stop);

        await AssertDeliveredAsync(restarted, right);
        await AssertRejectedAsync(restarted, wrong);
    }

    [Fact(Timeout = 120_000)]
    [Rule("DR22")]
    public async Task DR22_a_digest_that_was_running_along_is_had_by_reading_after_a_kill()
    {
        string id;
        await using (var server = await ServerProcess.StartAsync(_folder, Stop))
        {
            id = await CreateAsync(server, Sent);
            await server.Http.PatchAsync(id, 0, Sent.AsMemory(0, 100_000), Stop);
            await server.KillAsync(Stop);
        }

        await using var restarted = await ServerProcess.StartAsync(_folder, Stop);
        await restarted.Http.PatchAsync(id, 100_000, Sent.AsMemory(100_000), Stop);

        await AssertDeliveredAsync(restarted, id);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<string> CreateAsync(ServerProcess server, byte[] declared)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/files", UriKind.Relative));
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Length", $"{declared.Length}");
        request.Headers.Add("Upload-Metadata", ServerManifest.Encode(ServerManifest.For("digest.bin")));
        request.Headers.Add("Repr-Digest", $"sha-256=:{Convert.ToBase64String(SHA256.HashData(declared))}:");
        using var created = await server.Http.SendAsync(request, Stop);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        return created.Headers.Location!.Segments[^1];
    }

    private static async Task SendAsync(ServerProcess server, string id)
    {
        using var http = server.NewClient();
        try
        {
            using var answer = await http.SendPatchAsync(id, 0, Sent, Stop);
        }
        catch (HttpRequestException)
        {
            // Killed.
        }
    }

    private async Task AssertDeliveredAsync(ServerProcess server, string id)
    {
        var info = await server.WaitForInfoAsync(id, info => info.IsDelivered(_folder.TargetNames), TimeSpan.FromSeconds(60), Stop);
        foreach (var target in _folder.TargetNames)
            await Content.AssertDeliveredOnceAsync(_folder, target, id, info, Sent, Stop);
    }

    private async Task AssertRejectedAsync(ServerProcess server, string id)
    {
        var info = await server.WaitForInfoAsync(id, info => info.Status == "Failed", TimeSpan.FromSeconds(60), Stop);
        using var route = await server.Http.PostAsync(new Uri($"/route/{id}", UriKind.Relative), new StringContent("""{"target":"edav"}"""), Stop);

        Assert.Empty(info.Deliveries);
        Assert.Equal(HttpStatusCode.Conflict, route.StatusCode);
        Assert.Equal(Sent.Length, await server.Http.ReadOffsetAsync(id, Stop));
        Assert.False(File.Exists(Path.Combine(_folder.Events, $"{id}_FileReady")));
        foreach (var target in _folder.TargetNames)
            Assert.DoesNotContain(Content.List(_folder.Target(target)), path => path.Contains(id, StringComparison.Ordinal));
    }
}
