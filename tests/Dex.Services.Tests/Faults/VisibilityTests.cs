using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>What went wrong and was mended can be seen: a metric and a log line for each (spec: reliability.md 13, F4).</summary>
[Trait("Category", "Faults")]
public sealed class VisibilityTests : IDisposable
{
    private readonly ServerFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 90_000)]
    public async Task A_take_over_is_counted_and_told_of_as_is_the_body_it_ended()
    {
        await using var server = await ServerProcess.StartAsync(_folder, Stop);
        var id = await server.Http.CreateUploadAsync(100, "stalled.bin", Stop);
        using var stalled = await RawConnection.OpenAsync(server.Port);
        await stalled.SendAsync(RawRequests.PatchHead(id, 0, 100) + "half");
        await Eventually.TrueAsync(async () => (await server.FindInfoAsync(id, Stop))?.Size == 4);

        var offset = await server.Http.ReadOffsetAsync(id, Stop);
        await server.Http.PatchAsync(id, offset, new byte[100 - offset], Stop);

        Assert.Equal(4, offset);
        await AssertMetricAsync(server, "dex_tus_lock_takeover_seconds_count", 1);
        await AssertMetricAsync(server, "dex_tus_bodies_ended_early_total{reason=\"Displaced\"}", 1);
        await AssertMetricAsync(server, "dex_tus_finish_seconds_count", 1);
        Assert.Contains(server.Output, line => line.Contains("upload taken over from another request", StringComparison.Ordinal) && line.Contains(id, StringComparison.Ordinal));
        Assert.Contains(server.Output, line => line.Contains("request body ended early", StringComparison.Ordinal) && line.Contains(id, StringComparison.Ordinal));
    }

    [Fact(Timeout = 90_000)]
    public async Task Below_the_reserve_creations_are_refused_and_free_space_is_told()
    {
        await using var disk = await SmallDisk.MountAsync(_folder.At("small"), mebibytes: 8, Stop);
        await using var server = await ServerProcess.StartAsync(_folder, Stop, new Dictionary<string, string>
        {
            ["LOCAL_FOLDER_UPLOADS_TUS"] = "./small",
            ["UPLOAD_FREE_SPACE_RESERVE"] = "4194304",
        });
        var begun = await server.Http.CreateUploadAsync(1000, "begun.bin", Stop);
        await disk.FillAsync(Stop, except: 2 << 20);

        using var refused = await server.Http.SendCreationAsync(1000, "refused.bin", Stop);
        await server.Http.PatchAsync(begun, 0, new byte[1000], Stop);

        Assert.Equal(507, (int)refused.StatusCode);
        Assert.InRange(await ReadMetricAsync(server, "dex_server_upload_store_free_bytes"), 1, 4 << 20);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task AssertMetricAsync(ServerProcess server, string series, double value) =>
        Assert.Equal(value, await ReadMetricAsync(server, series));

    private static async Task<double> ReadMetricAsync(ServerProcess server, string series)
    {
        var text = await server.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Stop);
        var line = Assert.Single(text.Split('\n'), line => line.StartsWith(series + " ", StringComparison.Ordinal));
        return double.Parse(line[(series.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }
}
