using System.Diagnostics;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.FileSystem;

namespace Dex.UploadServer.Tests.Delivery;

/// <summary>Targets on a small disk of their own, full or read-only (spec: reliability.md T4). Needs the right to mount.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _disk;
    private readonly FileSystemDestination _destination;
    private readonly bool _mounted;

    public FullDiskTests()
    {
        _disk = Directory.CreateDirectory(_folder.File("disk")).FullName;
        _mounted = Run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", _disk);
        _destination = new FileSystemDestination("edav", _disk, flush: true);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_full_disk_fails_the_delivery_and_is_left_as_it_was(bool local)
    {
        Assert.SkipUnless(_mounted, "a tmpfs cannot be mounted here");
        var content = new byte[5 << 20];
        await using SourceFile source = local ? new TestLocalFile(_folder.File("source"), content) : new TestSourceFile(content);

        var error = await Assert.ThrowsAsync<IOException>(() => DeliverAsync(source));

        Assert.EndsWith("no space left on device", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_disk, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_disk_with_room_again_takes_the_delivery()
    {
        Assert.SkipUnless(_mounted, "a tmpfs cannot be mounted here");
        await File.WriteAllBytesAsync(Path.Combine(_disk, "ballast"), new byte[3 << 20], Stop);
        await using var source = new TestSourceFile(new byte[2 << 20]);

        await Assert.ThrowsAsync<IOException>(() => DeliverAsync(source));
        File.Delete(Path.Combine(_disk, "ballast"));
        var delivered = await DeliverAsync(source);

        Assert.EndsWith("a/b.bin", delivered.Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_disk_fails_the_delivery()
    {
        Assert.SkipUnless(_mounted && Run("mount", "-o", "remount,ro", _disk), "a tmpfs cannot be mounted here");
        await using var source = new TestSourceFile(new byte[10]);

        var error = await Assert.ThrowsAsync<IOException>(() => DeliverAsync(source));

        Assert.EndsWith("read-only file system", error.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        if (_mounted)
            Run("umount", "-l", _disk);
        _folder.Dispose();
    }

    private Task<DeliveredFile> DeliverAsync(SourceFile source) =>
        _destination.DeliverAsync(source, "a/b.bin", DestinationContract.Unwatched, Stop).AsTask();

    private static bool Run(string command, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            return process.WaitForExit(TimeSpan.FromSeconds(10)) && process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
