using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.FileSystem;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dex.UploadServer.Tests.Storage;

/// <summary>Nothing stays behind: no temporary name, no descriptor, no file that others may read.</summary>
public sealed class LeftoverTests : IDisposable
{
    private readonly FileStoreFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_start_removes_temporary_files_of_a_killed_process_and_nothing_else()
    {
        var id = Guid.NewGuid().ToString();
        Directory.CreateDirectory(_folder.Uploads);
        string[] leftovers = [$".{id}.info.00ff.tmp", $".{id}.meta.00ff.tmp", $".{id}.00ff.tmp", $"{id}.progress"];
        string[] others = [".hidden.tmp", $"{id}", $"{id}.meta", "notes.tmp", $".{id}.info.00ff"];
        foreach (var name in leftovers.Concat(others))
        {
            await File.WriteAllTextAsync($"{_folder.Uploads}/{name}", "x", Stop);
            File.SetLastWriteTimeUtc($"{_folder.Uploads}/{name}", DateTime.UtcNow.AddMinutes(-1));
        }

        using var startup = new FileSystemStartup(_folder.Folder, TimeProvider.System, NullLogger<FileSystemStartup>.Instance);
        await File.WriteAllTextAsync($"{_folder.Uploads}/.{id}.info.of-now.tmp", "x", Stop);
        File.SetLastWriteTimeUtc($"{_folder.Uploads}/.{id}.info.of-now.tmp", DateTime.UtcNow.AddMinutes(1));
        await startup.StartAsync(Stop);
        await startup.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(10), Stop);

        Assert.Equal([.. others.Append($".{id}.info.of-now.tmp").Order(StringComparer.Ordinal)], _folder.Names());
    }

    [Fact]
    public async Task A_start_makes_the_folder()
    {
        using var startup = new FileSystemStartup(_folder.Folder, TimeProvider.System, NullLogger<FileSystemStartup>.Instance);

        await startup.StartAsync(Stop);
        await startup.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(10), Stop);

        Assert.True(Directory.Exists(_folder.Uploads));
    }

    [Fact]
    public async Task No_descriptor_and_no_side_file_stays_after_an_uploads_life()
    {
        var store = _folder.Open();
        await LiveAsync(store);
        var before = OpenFiles();

        for (var round = 0; round < 20; round++)
            await LiveAsync(store);

        Assert.Equal(before, OpenFiles());
        Assert.Empty(_folder.Names());
    }

    [Fact]
    public async Task Files_and_folders_are_not_for_everybody()
    {
        var store = _folder.Open();
        var upload = await store.CreateAsync(NewUpload(5), Stop);
        using var body = await Bodies.OfAsync(5, "hel"u8.ToArray());
        await store.AppendAsync(upload, body, Stop);

        const UnixFileMode others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.GroupWrite;
        Assert.All(Directory.GetFiles(_folder.Uploads).Append(_folder.Uploads), path => Assert.Equal(UnixFileMode.None, ModeOf(path) & others));
    }

    [Fact]
    public async Task An_upload_in_one_request_has_no_progress_file_and_one_in_several_has_until_it_is_finished()
    {
        var store = _folder.Open();
        var upload = await store.CreateAsync(NewUpload(5), Stop);
        using var whole = await Bodies.OfAsync(5, "hello"u8.ToArray());
        await store.AppendAsync(upload, whole, Stop);
        Assert.False(File.Exists(_folder.PathOf(upload.Id, ".progress")));

        var pieces = await store.CreateAsync(NewUpload(5), Stop);
        using var first = await Bodies.OfAsync(5, "hel"u8.ToArray());
        pieces = await store.AppendAsync(pieces, first, Stop);
        Assert.True(File.Exists(_folder.PathOf(pieces.Id, ".progress")));
        using var second = await Bodies.OfAsync(2, "lo"u8.ToArray());
        await store.FinishAsync(await store.AppendAsync(pieces, second, Stop), Stop);
        Assert.False(File.Exists(_folder.PathOf(pieces.Id, ".progress")));
    }

    [Fact]
    [Rule("BR6")]
    public async Task When_the_time_to_save_is_over_what_was_written_counts()
    {
        var store = _folder.Open();
        var upload = await store.CreateAsync(NewUpload(100), Stop);
        using var over = new CancellationTokenSource();
        await over.CancelAsync();
        using var body = await Bodies.OfAsync(100, "hel"u8.ToArray());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.AppendAsync(upload, body, over.Token).AsTask());

        var found = await store.FindAsync(upload.Id, Stop);
        Assert.Equal((3L, Crc32C.Append(0, "hel"u8)), (found?.Offset, found?.Crc32C));
    }

    [Fact]
    public async Task An_id_that_is_taken_is_not_taken_again()
    {
        var store = _folder.Open();
        var creation = NewUpload(5);
        var upload = await store.CreateAsync(creation, Stop);
        using var body = await Bodies.OfAsync(5, "hel"u8.ToArray());
        await store.AppendAsync(upload, body, Stop);

        await Assert.ThrowsAnyAsync<IOException>(() => store.CreateAsync(creation, Stop).AsTask());
        await Assert.ThrowsAnyAsync<IOException>(() => store.ConcatenateAsync(creation, [], Stop).AsTask());

        Assert.Equal(3, (await store.FindAsync(upload.Id, Stop))?.Offset);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../etc/cron.d/x")]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11.info")]
    public async Task Nothing_is_created_or_deleted_under_a_name_that_is_no_id(string id)
    {
        var store = _folder.Open();

        await Assert.ThrowsAsync<ArgumentException>(() => store.CreateAsync(NewUpload(5) with { Id = id }, Stop).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => store.ConcatenateAsync(NewUpload(0) with { Id = id }, [], Stop).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => store.DeleteAsync(new Upload { Id = id, Length = 0, Offset = 0, Metadata = UploadMetadata.Empty }, Stop).AsTask());
    }

    private static async Task LiveAsync(FileSystemUploadStore store)
    {
        var upload = await store.CreateAsync(NewUpload(6), Stop);
        using var first = await Bodies.OfAsync(6, "abc"u8.ToArray());
        upload = await store.AppendAsync(upload, first, Stop);
        using var second = await Bodies.OfAsync(3, "def"u8.ToArray());
        upload = await store.FinishAsync(await store.AppendAsync(upload, second, Stop), Stop);
        await store.DeleteAsync(upload, Stop);
        await Assert.ThrowsAnyAsync<IOException>(() => store.FinishAsync(upload, Stop).AsTask());
    }

    // Other tests of the process open files too, but not in this folder.
    private string[] OpenFiles() =>
        [.. Directory.GetFiles("/proc/self/fd").Select(link => new FileInfo(link).LinkTarget ?? "").Where(target => target.StartsWith(_folder.Base, StringComparison.Ordinal))];

    private static UnixFileMode ModeOf(string path) => OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(path);

    private static NewUpload NewUpload(long? length) => new() { Id = Guid.NewGuid().ToString(), Length = length, Metadata = UploadMetadata.Empty };
}
