using Dex.Testing;

namespace Dex.Services.Faults;

/// <summary>The disk of the uploads, ledger included, or that of the reports is full (spec: reliability.md 8).</summary>
[Trait("Category", "Faults")]
public sealed class FullUploadDiskTests : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly ServerFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    [Rule("SF3")]
    public async Task An_upload_that_fills_the_disk_goes_on_when_there_is_room_again()
    {
        await using var disk = await SmallDisk.MountAsync(_folder.At("small"), mebibytes: 40, Stop);
        await using var server = await StartAsync(("LOCAL_FOLDER_UPLOADS_TUS", "./small"));
        var content = Content.Random(12 * MiB);
        var id = await server.Http.CreateUploadAsync(content.Length, "full.bin", Stop);
        await disk.FillAsync(Stop, except: 5 * MiB);

        using var refused = await server.Http.SendPatchAsync(id, 0, content, Stop);
        var offset = await server.Http.ReadOffsetAsync(id, Stop);
        disk.Free();
        await server.Http.PatchAsync(id, offset, content.AsMemory((int)offset), Stop);

        Assert.Contains((int)refused.StatusCode, new[] { 500, 507 });
        Assert.InRange(offset, 0, 5 * MiB);
        var info = await server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);
        await Content.AssertDeliveredOnceAsync(_folder, "edav", id, info, content, Stop);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_upload_into_a_disk_without_a_free_byte_keeps_its_offset()
    {
        await using var disk = await SmallDisk.MountAsync(_folder.At("small"), mebibytes: 16, Stop);
        await using var server = await StartAsync(("LOCAL_FOLDER_UPLOADS_TUS", "./small"));
        var content = Content.Random(MiB);
        var id = await server.Http.CreateUploadAsync(content.Length, "full.bin", Stop);
        await server.Http.PatchAsync(id, 0, content.AsMemory(0, 5_000), Stop);
        await disk.FillAsync(Stop);

        using var refused = await server.Http.SendPatchAsync(id, 5_000, content.AsMemory(5_000), Stop);
        var offset = await server.Http.ReadOffsetAsync(id, Stop);
        disk.Free();
        await server.Http.PatchAsync(id, offset, content.AsMemory((int)offset), Stop);

        Assert.Contains((int)refused.StatusCode, new[] { 500, 507 });
        Assert.InRange(offset, 5_000, 5_000 + 4096);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_creation_on_a_full_disk_leaves_nothing_half_made()
    {
        await using var disk = await SmallDisk.MountAsync(_folder.At("small"), mebibytes: 16, Stop);
        await using var server = await StartAsync(("LOCAL_FOLDER_UPLOADS_TUS", "./small"));
        await server.Http.UploadAsync(new byte[10], "before.bin", Stop);
        await disk.FillAsync(Stop);
        var before = Content.List(_folder.At("small", "tus-prefix"));

        using var refused = await server.Http.SendCreationAsync(10, "full.bin", Stop);
        var after = Content.List(_folder.At("small", "tus-prefix"));
        disk.Free();
        var id = await server.Http.UploadAsync(new byte[10], "after.bin", Stop);

        Assert.Contains((int)refused.StatusCode, new[] { 500, 507 });
        Assert.Equal(before, after);
        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(30), Stop);
    }

    [Fact(Timeout = 120_000)]
    public async Task Reports_that_found_no_room_are_written_later_whole_and_once()
    {
        await using var disk = await SmallDisk.MountAsync(_folder.At("small"), mebibytes: 1, Stop);
        await using var server = await StartAsync(("LOCAL_REPORTS_FOLDER", "./small"));
        await disk.FillAsync(Stop);

        var id = await server.Http.UploadAsync(Content.Random(1000), "unreported.bin", Stop);
        disk.Free();

        await server.WaitForInfoAsync(id, info => info.IsDelivered("edav"), TimeSpan.FromSeconds(60), Stop);
        var completed = _folder.At("small", $"{id}_upload-completed");
        await Eventually.TrueAsync(() => File.Exists(completed) && new FileInfo(completed).Length > 0, TimeSpan.FromSeconds(60));
        Assert.Single(await File.ReadAllLinesAsync(completed, Stop));
        foreach (var line in Directory.EnumerateFiles(_folder.At("small"), $"{id}_*").SelectMany(File.ReadLines))
            Assert.EndsWith("}}", line, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private Task<ServerProcess> StartAsync((string Name, string Value) variable) =>
        ServerProcess.StartAsync(_folder, Stop, new Dictionary<string, string> { [variable.Name] = variable.Value });
}
