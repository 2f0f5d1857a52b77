using System.Diagnostics;
using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Storage.FileSystem;

namespace Dex.UploadServer.Tests.Storage;

/// <summary>A disk of one mebibyte (reliability.md 8).</summary>
public sealed class FullDiskTests : IDisposable
{
    private const int DiskBytes = 1 << 20;
    private readonly string _disk = Directory.CreateTempSubdirectory("dex-full-").FullName;
    private readonly bool _mounted;
    private readonly FileStoreFolder _folder;

    public FullDiskTests()
    {
        _mounted = Run("mount", "-t", "tmpfs", "-o", $"size={DiskBytes},mode=0700", "tmpfs", _disk);
        _folder = new FileStoreFolder(_disk);
        Assert.SkipUnless(_mounted, "A small disk can only be mounted by root.");
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (_mounted)
            Run("umount", _disk);
        Directory.Delete(_disk, recursive: true);
    }

    [Fact]
    [Rule("SF3", "ST5")]
    public async Task Bytes_that_fit_are_kept_and_the_upload_goes_on_when_there_is_room()
    {
        var bytes = Bodies.Random(DiskBytes + 300_000);
        var store = _folder.Open();
        var upload = await store.CreateAsync(NewUpload(bytes.Length), Stop);
        await File.WriteAllBytesAsync(_disk + "/ballast", new byte[500_000], Stop);

        using (var body = await Bodies.OfAsync(bytes.Length, bytes[..200_001], bytes[200_001..]))
            await Assert.ThrowsAsync<StoreFullException>(() => store.AppendAsync(upload, body, Stop).AsTask());

        var kept = await store.FindAsync(upload.Id, Stop);
        Assert.InRange(kept!.Offset, 200_001, DiskBytes);
        Assert.Equal(bytes[..(int)kept.Offset], await File.ReadAllBytesAsync(_folder.PathOf(upload.Id), Stop));
        Assert.True(kept.Crc32C is null || kept.Crc32C == Crc32C.Append(0, bytes.AsSpan(0, (int)kept.Offset)));

        File.Delete(_disk + "/ballast");
        using var rest = await Bodies.OfAsync(bytes.Length - kept.Offset, bytes[(int)kept.Offset..((int)kept.Offset + 100_000)]);
        var resumed = await store.AppendAsync(kept, rest, Stop);
        Assert.Equal(kept.Offset + 100_000, resumed.Offset);
        Assert.Equal(Crc32C.Append(0, bytes.AsSpan(0, (int)resumed.Offset)), resumed.Crc32C);
    }

    [Fact]
    public async Task With_every_offset_flushed_those_of_a_failed_request_are_flushed_too()
    {
        _folder.Durability = UploadDurability.Every;
        var store = _folder.Open();
        var upload = await store.CreateAsync(NewUpload(2 * DiskBytes), Stop);
        using (var first = await Bodies.OfAsync(10, new byte[10]))
            upload = await store.AppendAsync(upload, first, Stop);

        using (var body = await Bodies.OfAsync(DiskBytes, new byte[DiskBytes]))
            await Assert.ThrowsAsync<StoreFullException>(() => store.AppendAsync(upload, body, Stop).AsTask());

        var kept = await store.FindAsync(upload.Id, Stop);
        Assert.InRange(kept!.Offset, 11, DiskBytes);
        Assert.Equal(kept.Offset, UploadProgress.Read(_folder.PathOf(upload.Id, ".progress"))?.Flushed);
    }

    [Fact]
    public async Task Creations_keep_off_the_reserve_and_what_has_begun_goes_on()
    {
        _folder.FreeSpaceReserve = 600_000;
        var store = _folder.Open();
        var begun = await store.CreateAsync(NewUpload(100_000), Stop);
        await File.WriteAllBytesAsync(_disk + "/ballast", new byte[500_000], Stop);

        await Assert.ThrowsAsync<StoreFullException>(() => store.CreateAsync(NewUpload(1), Stop).AsTask());
        using var body = await Bodies.OfAsync(100_000, new byte[100_000]);
        var appended = await store.AppendAsync(begun, body, Stop);

        Assert.Equal(100_000, appended.Offset);
        File.Delete(_disk + "/ballast");
        Assert.NotNull(await store.CreateAsync(NewUpload(1), Stop));
    }

    [Fact]
    public async Task A_creation_without_room_leaves_nothing()
    {
        var store = _folder.Open();
        var before = await store.CreateAsync(NewUpload(5), Stop);
        FillUp();

        for (var attempt = 0; attempt < 20; attempt++)
            await Assert.ThrowsAsync<StoreFullException>(() => store.CreateAsync(NewUpload(5), Stop).AsTask());

        Assert.Equal([before.Id, before.Id + ".info"], _folder.Names());
        Assert.NotNull(await store.FindAsync(before.Id, Stop));
    }

    [Fact]
    [Rule("ST3")]
    public async Task A_record_that_cannot_be_replaced_stays_as_it_was()
    {
        var store = _folder.Open();
        var upload = await store.CreateAsync(NewUpload(null), Stop);
        FillUp();

        await Assert.ThrowsAsync<StoreFullException>(() => store.DeclareLengthAsync(upload, 5, Stop).AsTask());

        Assert.Null((await store.FindAsync(upload.Id, Stop))?.Length);
        Assert.Null((await _folder.Open().FindAsync(upload.Id, Stop))?.Length);
    }

    [Fact]
    [Rule("SF2")]
    public async Task Parts_that_do_not_fit_twice_are_joined_to_nothing()
    {
        var store = _folder.Open();
        var part = await store.CreateAsync(NewUpload(600_000) with { Kind = UploadKind.Partial }, Stop);
        using var body = await Bodies.OfAsync(600_000, Bodies.Random(600_000));
        part = await store.FinishAsync(await store.AppendAsync(part, body, Stop), Stop);
        var names = _folder.Names();

        var final = NewUpload(600_000) with { Kind = UploadKind.Final, Parts = [part.Id] };
        await Assert.ThrowsAsync<StoreFullException>(() => store.ConcatenateAsync(final, [part], Stop).AsTask());

        Assert.Equal(names, _folder.Names());
    }

    private void FillUp()
    {
        using var ballast = File.Create(_disk + "/ballast", bufferSize: 0);
        try
        {
            while (true)
                ballast.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }

    private static NewUpload NewUpload(long? length) => new() { Id = Guid.NewGuid().ToString(), Length = length, Metadata = UploadMetadata.Empty };

    private static bool Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true });
        process?.WaitForExit(TimeSpan.FromSeconds(10));
        return process is { HasExited: true, ExitCode: 0 };
    }
}
