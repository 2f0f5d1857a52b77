using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.FileSystem;

namespace Dex.UploadServer.Tests.Storage;

/// <summary>The contract on files, and what only a folder that others can reach may hold.</summary>
public sealed class FileSystemLeftoverTests : ExpirationContract, IDisposable
{
    private static readonly DateTimeOffset s_ever = DateTimeOffset.MaxValue;

    private readonly FileStoreFolder _folder = new();

    public FileSystemLeftoverTests()
    {
        Store = _folder.Open();
        Leftovers = new UploadLeftovers(_folder.Folder);
        Directory.CreateDirectory(_folder.Uploads);
    }

    protected override IUploadStore Store { get; }

    protected override ILeftoverStore Leftovers { get; }

    protected override IUploadStore Reopened() => _folder.Open();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", LeftoverKind.Data)]
    [InlineData(".meta", LeftoverKind.Side)]
    [InlineData(".progress", LeftoverKind.Side)]
    public async Task What_belongs_to_no_record_is_a_leftover_once_it_is_old(string suffix, LeftoverKind kind)
    {
        var id = Guid.NewGuid().ToString();
        await File.WriteAllTextAsync(_folder.PathOf(id, suffix), "12345", Stop);
        File.SetLastWriteTimeUtc(_folder.PathOf(id, suffix), DateTime.UtcNow.AddHours(-2));

        var tooYoung = await Leftovers.ListLeftoversAsync(DateTimeOffset.UtcNow.AddHours(-3), Stop).ToListAsync(Stop);
        var leftover = Assert.Single(await Leftovers.ListLeftoversAsync(DateTimeOffset.UtcNow.AddHours(-1), Stop).ToListAsync(Stop));

        Assert.Empty(tooYoung);
        Assert.Equal((kind, id, 5L), (leftover.Kind, leftover.UploadId, leftover.Bytes));
        Assert.True(await Leftovers.RemoveAsync(leftover, Stop));
        Assert.False(await Leftovers.RemoveAsync(leftover, Stop));
        Assert.Empty(_folder.Names());
    }

    [Fact]
    public async Task A_record_without_data_is_a_leftover_as_a_cut_removal_leaves_it()
    {
        var upload = await CreatedAsync(UploadKind.Whole, 3);
        File.Delete(_folder.PathOf(upload.Id));

        var leftovers = await Leftovers.ListLeftoversAsync(s_ever, Stop).ToListAsync(Stop);
        foreach (var leftover in leftovers)
            await Leftovers.RemoveAsync(leftover, Stop);
        foreach (var leftover in await Leftovers.ListLeftoversAsync(s_ever, Stop).ToListAsync(Stop))
            await Leftovers.RemoveAsync(leftover, Stop);

        Assert.Equal(LeftoverKind.Record, Assert.Single(leftovers).Kind);
        Assert.Empty(_folder.Names());
    }

    [Fact]
    public async Task A_record_whose_data_may_lie_elsewhere_stays()
    {
        var id = _folder.WritePredecessors("hel", "5", storage: ""","Storage":{"Path":"/mnt/other/place/hel","Type":"filestore"}""");
        File.Delete(_folder.PathOf(id));

        Assert.Empty(await Leftovers.ListLeftoversAsync(s_ever, Stop).ToListAsync(Stop));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"ID":"00000000-0000-4000-8000-000000000000","Size":5,"MetaData":{}}""")]
    public async Task C4_a_record_that_cannot_be_read_stays_with_all_that_is_its(string text)
    {
        var (withData, alone) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        foreach (var name in (string[])[_folder.PathOf(withData, ".info"), _folder.PathOf(alone, ".info")])
            await File.WriteAllTextAsync(name, text, Stop);
        foreach (var name in (string[])["", ".progress"])
            await File.WriteAllTextAsync(_folder.PathOf(withData, name), "hello", Stop);

        Assert.Empty(await Leftovers.ListLeftoversAsync(s_ever, Stop).ToListAsync(Stop));
    }

    [Fact]
    public async Task What_is_left_of_a_finished_upload_stays()
    {
        var upload = await CreatedAsync(UploadKind.Whole, 5);
        await Store.FinishAsync(upload, Stop);

        File.Delete(_folder.PathOf(upload.Id, ".info"));
        Assert.Empty(await Leftovers.ListLeftoversAsync(s_ever, Stop).ToListAsync(Stop));

        await File.WriteAllTextAsync(_folder.PathOf(upload.Id, ".info"), "{}", Stop);
        File.Delete(_folder.PathOf(upload.Id));
        Assert.Empty(await Leftovers.ListLeftoversAsync(s_ever, Stop).ToListAsync(Stop));
    }

    [Fact]
    public async Task Temporary_and_staged_files_are_leftovers_and_foreign_ones_are_not()
    {
        var id = Guid.NewGuid().ToString();
        var staged = StagedFiles.NewName();
        string[] ours = [$".{id}.info.00ff.tmp", $".{id}.00ff.tmp"];
        string[] foreign = [".hidden.tmp", "notes.txt", $"{id}.lock", $"{id}.part", $"{id}.info.bak", id.ToUpperInvariant(), $"{{{id}}}", id[..35], staged];
        foreach (var name in ours.Concat(foreign))
            await File.WriteAllTextAsync($"{_folder.Uploads}/{name}", "x", Stop);
        foreach (var name in (string[])[staged, ".x.chunk.tmp", $".{id}.info.00ff.tmp", "ledger.db", id])
            await File.WriteAllTextAsync($"{_folder.Base}/{name}", "x", Stop);

        var leftovers = await Leftovers.ListLeftoversAsync(s_ever, Stop).ToListAsync(Stop);
        foreach (var leftover in leftovers)
            await Leftovers.RemoveAsync(leftover, Stop);

        Assert.Equal([.. ours.Append(staged).Order(StringComparer.Ordinal)], leftovers.Select(leftover => leftover.Name).Order(StringComparer.Ordinal));
        Assert.Equal(foreign.Order(StringComparer.Ordinal), _folder.Names());
        Assert.False(File.Exists($"{_folder.Base}/{staged}"));
        Assert.Equal(4, Directory.GetFiles(_folder.Base).Length);
    }

    [Fact]
    public async Task Links_folders_and_pipes_are_neither_followed_nor_removed()
    {
        var outside = $"{_folder.Base}/outside";
        await File.WriteAllTextAsync(outside, "precious", Stop);
        string[] ids = [.. Enumerable.Range(0, 4).Select(_ => Guid.NewGuid().ToString())];
        File.CreateSymbolicLink(_folder.PathOf(ids[0]), outside);
        File.CreateSymbolicLink(_folder.PathOf(ids[1], ".progress"), $"{_folder.Base}/nowhere");
        File.CreateSymbolicLink($"{_folder.Uploads}/.{ids[1]}.00ff.tmp", outside);
        Directory.CreateDirectory(_folder.PathOf(ids[2]));
        await ProcessRun.SucceedAsync("mkfifo", [_folder.PathOf(ids[3])], TimeSpan.FromSeconds(10), Stop);

        Assert.Empty(await Leftovers.ListLeftoversAsync(s_ever, Stop).ToListAsync(Stop));
        Assert.Equal("precious", await File.ReadAllTextAsync(outside, Stop));
    }

    [Fact]
    public async Task What_has_changed_since_it_was_listed_stays()
    {
        var id = Guid.NewGuid().ToString();
        await File.WriteAllTextAsync(_folder.PathOf(id), "hel", Stop);
        var listed = Assert.Single(await Leftovers.ListLeftoversAsync(s_ever, Stop).ToListAsync(Stop));

        await File.AppendAllTextAsync(_folder.PathOf(id), "lo", Stop);
        Assert.False(await Leftovers.RemoveAsync(listed, Stop));

        var again = Assert.Single(await Leftovers.ListLeftoversAsync(s_ever, Stop).ToListAsync(Stop));
        await File.WriteAllTextAsync(_folder.PathOf(id, ".info"), "{}", Stop);
        Assert.False(await Leftovers.RemoveAsync(again, Stop));
        Assert.True(File.Exists(_folder.PathOf(id)));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("/etc/passwd")]
    [InlineData("")]
    public async Task Nothing_is_removed_by_a_name_that_was_never_listed(string name)
    {
        await File.WriteAllTextAsync($"{_folder.Base}/outside", "precious", Stop);

        Assert.False(await Leftovers.RemoveAsync(new Leftover(LeftoverKind.Data, name, null, 8, DateTimeOffset.UtcNow), Stop));
        Assert.True(File.Exists($"{_folder.Base}/outside"));
    }

    [Fact]
    public async Task A_time_beyond_the_calendar_is_the_last_of_it_and_no_failure()
    {
        var upload = await CreatedAsync(UploadKind.Whole, 3);
        await ProcessRun.StartAsync("touch", ["-d", "@999999999999", _folder.PathOf(upload.Id)], TimeSpan.FromSeconds(10), Stop);

        Assert.Equal(3, (await Store.FindAsync(upload.Id, Stop))?.Offset);
    }

    [Fact]
    public async Task There_may_be_no_folder_at_all()
    {
        Directory.Delete(_folder.Base, recursive: true);

        Assert.Empty(await Leftovers.ListLeftoversAsync(s_ever, Stop).ToListAsync(Stop));
        Directory.CreateDirectory(_folder.Base);
    }
}
