using System.Net;
using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>Final uploads that wait for their parts, when the server is killed, stopped or out of room (spec: tus.md CC9, SH1, SH3, SH4, SF2).</summary>
[Trait("Category", "Faults")]
public sealed class UnfinishedConcatenationTests : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly ServerFolder _folder = new("edav");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 420_000)]
    [Rule("SH4")]
    public async Task SH4_a_kill_at_any_instant_around_the_last_part_neither_loses_nor_doubles_the_whole()
    {
        const int kills = 12;
        var random = new Random(11);
        var content = Content.Random(8 * MiB);
        byte[] expected = [.. content, .. content, .. content, .. content];
        var server = await ServerProcess.StartAsync(_folder, Stop);
        try
        {
            for (var kill = 0; kill < kills; kill++)
            {
                var part = await CreateAsync(server, "partial", content.Length);
                var final = await CreateAsync(server, $"final;{string.Join(' ', Enumerable.Repeat($"/files/{part}", 4))}");
                await server.Http.PatchAsync(part, 0, content.AsMemory(0, content.Length - 1), Stop);
                var last = server.Http.SendPatchAsync(part, content.Length - 1, content.AsMemory(content.Length - 1), Stop);
                await Task.Delay(random.Next(0, 60), Stop);
                await server.KillAsync(Stop);
                await Task.WhenAny(last);
                await server.DisposeAsync();

                server = await ServerProcess.StartAsync(_folder, Stop);
                if (await server.Http.ReadOffsetAsync(part, Stop) < content.Length)
                    await server.Http.PatchAsync(part, content.Length - 1, content.AsMemory(content.Length - 1), Stop);
                var info = await server.WaitForInfoAsync(final, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(60), Stop);
                await Content.AssertDeliveredOnceAsync(_folder, "edav", final, info, expected, Stop);
                Assert.Single(await File.ReadAllLinesAsync(Path.Combine(_folder.Events, $"{final}_FileReady"), Stop));
                await AssertNothingTemporaryAsync();
            }
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact(Timeout = 240_000)]
    [Rule("SH1")]
    public async Task SH1_a_stop_amid_a_join_is_quick_and_clean_and_the_next_start_joins()
    {
        const int times = 24;
        var content = Content.Random(16 * MiB);
        string final;
        await using (var server = await ServerProcess.StartAsync(_folder, Stop))
        {
            var part = await CreateAsync(server, "partial", content.Length);
            final = await CreateAsync(server, $"final;{string.Join(' ', Enumerable.Repeat($"/files/{part}", times))}");
            await server.Http.PatchAsync(part, 0, content, Stop);

            Assert.Equal(0, await server.StopAsync(TimeSpan.FromSeconds(15), Stop));
        }

        await using var next = await ServerProcess.StartAsync(_folder, Stop);
        var info = await next.WaitForInfoAsync(final, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(120), Stop);

        await Content.AssertDeliveredOnceAsync(_folder, "edav", final, info, [.. Enumerable.Repeat(content, times).SelectMany(bytes => bytes)], Stop);
        await AssertNothingTemporaryAsync();
    }

    [Fact(Timeout = 120_000)]
    [Rule("SF3")]
    public async Task SF3_a_join_that_finds_no_room_is_tried_again_and_never_seen_in_part()
    {
        await using var disk = await SmallDisk.MountAsync(_folder.At("small"), mebibytes: 60, Stop);
        await using var server = await ServerProcess.StartAsync(_folder, Stop, new Dictionary<string, string> { ["LOCAL_FOLDER_UPLOADS_TUS"] = "./small" });
        var content = Content.Random(6 * MiB);
        var part = await CreateAsync(server, "partial", content.Length);
        var final = await CreateAsync(server, $"final;/files/{part} /files/{part} /files/{part}");
        await server.Http.PatchAsync(part, 0, content.AsMemory(0, content.Length - 1), Stop);
        await disk.FillAsync(Stop, except: 8 * MiB);

        await server.Http.PatchAsync(part, content.Length - 1, content.AsMemory(content.Length - 1), Stop);
        await Eventually.TrueAsync(() => server.Output.Any(line => line.Contains("the parts of a final upload are not joined yet", StringComparison.Ordinal)));
        var waiting = await server.FindInfoAsync(final, Stop);
        disk.Free();
        var info = await server.WaitForInfoAsync(final, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(60), Stop);

        Assert.Equal(("Initiated", 0L), (waiting?.Status, waiting?.Size));
        await Content.AssertDeliveredOnceAsync(_folder, "edav", final, info, [.. content, .. content, .. content], Stop);
        Assert.DoesNotContain(Content.List(_folder.At("small", "tus-prefix")), name => name.EndsWith(".tmp", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private Task AssertNothingTemporaryAsync() =>
        Eventually.TrueAsync(() => !Content.List(_folder.Uploads).Any(name => name.EndsWith(".tmp", StringComparison.Ordinal)));

    private static async Task<string> CreateAsync(ServerProcess server, string concat, long? length = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/files", UriKind.Relative));
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Concat", concat);
        request.Headers.Add("Upload-Metadata", ServerManifest.Encode(ServerManifest.For("joined.bin")));
        if (length is not null)
            request.Headers.Add("Upload-Length", length.Value.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var response = await server.Http.SendAsync(request, Stop);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return response.Headers.Location!.Segments[^1];
    }
}
