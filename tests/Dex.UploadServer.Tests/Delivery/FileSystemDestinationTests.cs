using Dex.Tus.Receiving;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Storage.FileSystem;

namespace Dex.UploadServer.Tests.Delivery;

/// <summary>A folder as target, fed from a stream.</summary>
public class FileSystemDestinationTests : DestinationContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FileSystemDestinationTests()
    {
        Root = _folder.File("target");
        Destination = new FileSystemDestination("edav", Root, flush: true);
    }

    protected string Root { get; }

    internal override IDeliveryDestination Destination { get; }

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("/outside")]
    [InlineData("..")]
    public async Task A_link_that_leads_out_of_the_target_is_refused(string leadsTo)
    {
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(_folder.File("outside"));
        File.CreateSymbolicLink(Path.Combine(Root, "link"), leadsTo == "/outside" ? _folder.File("outside") : leadsTo);
        await using var source = NewSource(Bytes(10));

        await Assert.ThrowsAsync<DeliveryRefusedException>(() => DeliverAsync(source, "link/a.bin"));

        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "a.bin", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_link_within_the_target_is_followed()
    {
        Directory.CreateDirectory(Path.Combine(Root, "real"));
        File.CreateSymbolicLink(Path.Combine(Root, "link"), "real");
        var content = Bytes(10);
        await using var source = NewSource(content);

        await DeliverAsync(source, "link/a.bin");

        Assert.Equal(content, await ReadAsync("real/a.bin"));
    }

    [Fact]
    public async Task A_link_in_place_of_the_file_is_replaced_and_not_written_through()
    {
        Directory.CreateDirectory(Root);
        await File.WriteAllTextAsync(_folder.File("precious"), "precious", Stop);
        File.CreateSymbolicLink(Path.Combine(Root, "a.bin"), _folder.File("precious"));
        var content = Bytes(10);
        await using var source = NewSource(content);

        await DeliverAsync(source, "a.bin");

        Assert.Equal("precious", await File.ReadAllTextAsync(_folder.File("precious"), Stop));
        Assert.Equal(content, await ReadAsync("a.bin"));
    }

    [Fact]
    public async Task A_folder_in_place_of_the_file_fails_with_a_reason()
    {
        Directory.CreateDirectory(Path.Combine(Root, "a.bin"));
        await using var source = NewSource(Bytes(10));

        var error = await Assert.ThrowsAsync<IOException>(() => DeliverAsync(source, "a.bin"));

        Assert.EndsWith("/a.bin is a folder", error.Message, StringComparison.Ordinal);
        Assert.Empty(await LeftoversAsync());
    }

    [Fact]
    public async Task A_file_in_place_of_the_target_fails_with_a_reason_and_works_when_it_is_gone()
    {
        await File.WriteAllTextAsync(Root, "in the way", Stop);
        await using var source = NewSource(Bytes(10));

        var error = await Assert.ThrowsAsync<IOException>(() => DeliverAsync(source, "a.bin"));
        var health = await Assert.ThrowsAsync<IOException>(() => Destination.CheckAsync(Stop).AsTask());
        File.Delete(Root);
        await DeliverAsync(source, "a.bin");

        Assert.EndsWith("target: not a directory", error.Message, StringComparison.Ordinal);
        Assert.Equal($"{Root} is not a directory", health.Message);
        Assert.NotNull(await ReadAsync("a.bin"));
    }

    [Fact]
    public async Task A_file_in_place_of_a_folder_fails_with_a_reason()
    {
        Directory.CreateDirectory(Root);
        await File.WriteAllTextAsync(Path.Combine(Root, "2025"), "in the way", Stop);
        await using var source = NewSource(Bytes(10));

        var error = await Assert.ThrowsAsync<IOException>(() => DeliverAsync(source, "2025/06/a.bin"));

        Assert.EndsWith("2025: not a directory", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_longer_than_the_file_system_takes_is_not_tried_again()
    {
        await using var source = NewSource(Bytes(10));

        await Assert.ThrowsAsync<DeliveryRefusedException>(() => DeliverAsync(source, new string('a', 256)));

        Assert.Empty(await LeftoversAsync());
    }

    [Fact]
    public async Task Health_names_the_folder_that_is_missing_and_does_not_make_it()
    {
        var error = await Assert.ThrowsAsync<IOException>(() => Destination.CheckAsync(Stop).AsTask());

        Assert.Equal($"stat {Root}: no such file or directory", error.Message);
        Assert.False(Directory.Exists(Root));
    }

    [Fact]
    public async Task Preparing_makes_the_folder()
    {
        await Destination.PrepareAsync(DateTimeOffset.UtcNow, Stop);

        await Destination.CheckAsync(Stop);
        Assert.True(Directory.Exists(Root));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_told_in_the_words_of_the_system()
    {
        var destination = new FileSystemDestination("edav", "/proc/none", flush: true);

        var error = await Assert.ThrowsAsync<IOException>(() => destination.PrepareAsync(DateTimeOffset.UtcNow, Stop).AsTask());

        Assert.Equal("mkdir /proc/none: no such file or directory", error.Message);
    }

    [Fact]
    public async Task Preparing_removes_what_a_killed_process_left_and_nothing_else()
    {
        var folder = Directory.CreateDirectory(Path.Combine(Root, "2025/06")).FullName;
        var leftover = Path.Combine(folder, ".dex-7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11-0123456789abcdef.part");
        string[] others = [Path.Combine(folder, ".dex-notes.part"), Path.Combine(folder, "7f1d0f5e.part"), Path.Combine(folder, ".hidden")];
        foreach (var file in others.Append(leftover))
            await File.WriteAllTextAsync(file, "x", Stop);

        await Destination.PrepareAsync(DateTimeOffset.UtcNow.AddHours(-1), Stop);
        var keptWhileYoung = File.Exists(leftover);
        await Destination.PrepareAsync(DateTimeOffset.UtcNow.AddHours(1), Stop);

        Assert.True(keptWhileYoung);
        Assert.False(File.Exists(leftover));
        Assert.All(others, file => Assert.True(File.Exists(file)));
    }

    [Fact]
    public async Task Preparing_leaves_what_another_server_is_writing()
    {
        var prepared = false;
        void Prepare() => prepared = Destination.PrepareAsync(DateTimeOffset.UtcNow.AddHours(1), Stop).AsTask().Wait(TimeSpan.FromSeconds(10), Stop);
        await using var source = new TestSourceFile(Bytes(9_000_000)) { Event = (8_000_000, Prepare) };

        await DeliverAsync(source, "a.bin");

        Assert.True(prepared);
        Assert.NotNull(await ReadAsync("a.bin"));
    }

    [Fact]
    public async Task The_location_is_the_cleaned_path_as_the_operator_wrote_it()
    {
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, Root);
        var destination = new FileSystemDestination("edav", $"./{relative}/.//x/../", flush: false);
        await using var source = NewSource(Bytes(1));

        var delivered = await destination.DeliverAsync(source, "2025/06/a.bin", Unwatched, Stop);

        Assert.Equal($"{relative}/2025/06/a.bin", delivered.Location);
    }

    [Fact]
    public async Task Delivered_files_and_folders_can_be_read_by_those_who_fetch_them()
    {
        await using var source = NewSource(Bytes(1));

        await DeliverAsync(source, "2025/a.bin");

        const UnixFileMode all = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        Assert.Equal(all | UnixFileMode.UserWrite, new FileInfo(Path.Combine(Root, "2025/a.bin")).UnixFileMode);
        Assert.True(new DirectoryInfo(Path.Combine(Root, "2025")).UnixFileMode.HasFlag(all | UnixFileMode.OtherExecute));
    }

    protected override async Task<byte[]?> ReadAsync(string path)
    {
        var file = Path.Combine(Root, path);
        return File.Exists(file) ? await File.ReadAllBytesAsync(file, Stop) : null;
    }

    protected override Task<IReadOnlyList<string>> LeftoversAsync() => Task.FromResult<IReadOnlyList<string>>(
        Directory.Exists(Root) ? [.. Directory.EnumerateFiles(Root, ".dex-*", SearchOption.AllDirectories)] : []);
}

/// <summary>A folder as target, fed by the kernel from a local file.</summary>
public sealed class FileSystemDestinationFromLocalFileTests : FileSystemDestinationTests
{
    private int _files;

    internal override SourceFile NewSource(byte[] content, long? length = null, uint? crc32C = null) =>
        new TestLocalFile($"{Root}-source-{Interlocked.Increment(ref _files)}", content, length, crc32C);

    [Fact]
    public async Task A_source_that_is_gone_is_not_the_targets_fault()
    {
        await using var source = NewSource(Bytes(10));
        File.Delete(source.LocalPath!);

        var error = await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverAsync(source, "a.bin"));

        Assert.Equal("source file does not exist", error.Message);
    }

    [Fact]
    public async Task A_changed_byte_in_the_source_is_found()
    {
        var content = Bytes(1_000_000);
        await using var source = NewSource(content, crc32C: Crc32C.Append(0, content));
        content[500_000] ^= 0x40;
        await File.WriteAllBytesAsync(source.LocalPath!, content, Stop);

        var error = await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverAsync(source, "a.bin"));

        Assert.Contains("changed since it was uploaded", error.Message, StringComparison.Ordinal);
        await AssertNothingAsync("a.bin");
    }
}
