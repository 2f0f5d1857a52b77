using System.Diagnostics;
using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>A target that is full, read-only, no folder, or hanging is retried, told of, and disturbs nobody (spec: reliability.md R5, T3, T4).</summary>
[Trait("Category", "Faults")]
public sealed class BrokenTargetTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(60);

    private readonly ServerFolder _folder = new("edav", "other");
    private readonly byte[] _content = Content.Random(3 << 20);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 150_000)]
    public async Task A_full_target_is_tried_again_until_there_is_room()
    {
        await using var disk = await SmallDisk.MountAsync(_folder.Target("edav"), mebibytes: 1, Stop);
        await AssertFailsThenRecoversAsync(() => disk.ResizeAsync(64, Stop));
    }

    [Fact(Timeout = 150_000)]
    public async Task A_read_only_target_is_tried_again_until_it_can_be_written()
    {
        await using var disk = await SmallDisk.MountAsync(_folder.Target("edav"), mebibytes: 64, Stop);
        await disk.ProtectAsync(Stop);
        await AssertFailsThenRecoversAsync(() => disk.UnprotectAsync(Stop));
    }

    [Fact(Timeout = 150_000)]
    public async Task A_target_that_is_no_folder_is_tried_again_until_it_is_one()
    {
        await AssertFailsThenRecoversAsync(
            breaking: () =>
            {
                Directory.Delete(_folder.Target("edav"), recursive: true);
                File.WriteAllText(_folder.Target("edav"), "not a folder");
            },
            repairing: () =>
            {
                File.Delete(_folder.Target("edav"));
                Directory.CreateDirectory(_folder.Target("edav"));
                return Task.CompletedTask;
            });
    }

    [Fact(Timeout = 240_000)]
    public async Task A_target_that_hangs_delays_no_upload_no_health_and_no_other_target()
    {
        await using var disk = await SmallDisk.MountImageAsync(_folder.Target("edav"), mebibytes: 64, Stop);
        await using var server = await StartAsync();
        await disk.FreezeAsync(Stop);
        var ids = new List<string>();

        for (var upload = 0; upload < 8; upload++)
            ids.Add(await server.Http.UploadAsync(_content, $"hanging-{upload}.bin", Stop));
        foreach (var id in ids)
            await server.WaitForInfoAsync(id, info => info.IsDelivered("other"), Soon, Stop);
        var clock = Stopwatch.StartNew();
        using var health = await server.Http.GetAsync(new Uri("/health", UriKind.Relative), Stop);
        var healthTook = clock.Elapsed;
        await disk.ThawAsync(Stop);

        Assert.True(health.IsSuccessStatusCode);
        Assert.InRange(healthTook, TimeSpan.Zero, TimeSpan.FromSeconds(6));
        foreach (var id in ids)
        {
            var info = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "other"), Recovery, Stop);
            await Content.AssertDeliveredOnceAsync(_folder, "edav", id, info, _content, Stop);
        }
    }

    public void Dispose() => _folder.Dispose();

    private Task AssertFailsThenRecoversAsync(Func<Task> repairing) => AssertFailsThenRecoversAsync(() => { }, repairing);

    private async Task AssertFailsThenRecoversAsync(Action breaking, Func<Task> repairing)
    {
        await using var server = await StartAsync();
        breaking();
        var id = await server.Http.UploadAsync(_content, "broken.bin", Stop);

        var disturbed = await server.WaitForInfoAsync(id, info => info.IsDelivered("other") && info.Failed("edav").Any(), Soon, Stop);
        await repairing();
        var recovered = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav", "other"), Recovery, Stop);

        Assert.All(disturbed.Failed("edav"), failure => Assert.NotEmpty(Assert.Single(failure.Issues)));
        Assert.All(disturbed.Failed("edav"), failure => Assert.Empty(failure.Location));
        Assert.Empty(disturbed.Failed("other"));
        Assert.Single(recovered.Succeeded("edav"));
        Assert.Single(recovered.Succeeded("other"));
        await Content.AssertDeliveredOnceAsync(_folder, "edav", id, recovered, _content, Stop);
        Assert.DoesNotContain(Content.List(_folder.Target("edav")), name => Path.GetFileName(name).StartsWith('.'));
    }

    private Task<ServerProcess> StartAsync() => ServerProcess.StartAsync(_folder, Stop, new Dictionary<string, string>
    {
        ["EVENT_MAX_RETRY_COUNT"] = "100",
        ["EVENT_RETRY_BASE_MS"] = "100",
        ["EVENT_RETRY_MAX_MS"] = "1000",
    });
}
