using System.Text.Json;
using Dex.Testing;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.FileSystem;

namespace Dex.UploadServer.Tests.Storage;

/// <summary>Final uploads that wait for their parts, as they lie in the folder (tus.md CC9, ST2, SF2; storage-layout.md 1 and 2).</summary>
public sealed class PendingFinalTests : IDisposable
{
    private readonly FileStoreFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null, 0, true)]
    [InlineData(8L, 8, false)]
    [Rule("ST2")]
    public async Task ST2_the_record_is_the_predecessors(long? length, int size, bool deferred)
    {
        var store = _folder.Open();
        var part = await FinishedPartAsync(store);

        var final = await CreateFinalAsync(store, length, part, part);

        using var record = JsonDocument.Parse(await File.ReadAllBytesAsync(_folder.PathOf(final.Id, ".info"), Stop));
        var root = record.RootElement;
        Assert.Equal((size, deferred), (root.GetProperty("Size").GetInt32(), root.GetProperty("SizeIsDeferred").GetBoolean()));
        Assert.Equal((false, true), (root.GetProperty("IsPartial").GetBoolean(), root.GetProperty("IsFinal").GetBoolean()));
        Assert.Equal([part.Id, part.Id], root.GetProperty("PartialUploads").EnumerateArray().Select(id => id.GetString()));
        Assert.Equal(0, new FileInfo(_folder.PathOf(final.Id)).Length);
    }

    [Fact]
    public async Task No_delivery_finds_it_before_it_is_whole()
    {
        var store = _folder.Open();
        var source = new FileSystemSource(_folder.Base, "tus-prefix");
        var part = await FinishedPartAsync(store);
        var final = await CreateFinalAsync(store, null, part);
        var known = await CreateFinalAsync(store, 4, part);
        await using var joined = await store.CopyPartsAsync(final with { Length = 4 }, [part], Stop);
        Assert.Null(await source.FindAsync(final.Id, finished: null, Stop));
        Assert.Null(await source.FindAsync(known.Id, finished: null, Stop));

        await store.FinishAsync(await joined.CommitAsync(Stop), Stop);

        Assert.Equal(4, (await source.FindAsync(final.Id, finished: null, Stop))?.Length);
    }

    [Fact]
    [Rule("SF2")]
    public async Task SF2_copies_that_are_not_committed_leave_no_file()
    {
        var store = _folder.Open();
        var part = await FinishedPartAsync(store);
        var final = await CreateFinalAsync(store, 4, part);
        var before = _folder.Names();

        await using (await store.CopyPartsAsync(final, [part], Stop))
            Assert.Single(_folder.Names(), name => UploadFolder.IsTemporary(name));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.CopyPartsAsync(final, [part], new CancellationToken(canceled: true)).AsTask());
        await Assert.ThrowsAnyAsync<IOException>(() => store.CopyPartsAsync(final with { Length = 5 }, [part], Stop).AsTask());

        Assert.Equal(before, _folder.Names());
    }

    [Fact]
    [Rule("SH4")]
    public async Task SH4_a_kill_between_length_and_data_leaves_it_waiting()
    {
        var store = _folder.Open();
        var part = await FinishedPartAsync(store);
        var final = await CreateFinalAsync(store, null, part);
        var empty = await File.ReadAllBytesAsync(_folder.PathOf(final.Id), Stop);
        await using (var joined = await store.CopyPartsAsync(final with { Length = 4 }, [part], Stop))
            await joined.CommitAsync(Stop);
        await File.WriteAllBytesAsync(_folder.PathOf(final.Id), empty, Stop);

        var found = await _folder.Open().FindAsync(final.Id, Stop);

        Assert.Equal((true, 4L), (found?.IsAwaitingParts, found?.Length));
    }

    [Theory]
    [InlineData("")]
    [InlineData("pa")]
    [Rule("SH3")]
    public async Task SH3_one_that_the_predecessor_left_half_joined_is_joined_anew(string torn)
    {
        var store = _folder.Open();
        var part = await FinishedPartAsync(store);
        var id = _folder.WritePredecessors(torn, "8");
        await File.WriteAllTextAsync(
            _folder.PathOf(id, ".info"),
            $$$"""{"ID":"{{{id}}}","Size":8,"SizeIsDeferred":false,"Offset":0,"MetaData":{"a":"1"},"IsPartial":false,"IsFinal":true,"PartialUploads":["{{{part.Id}}}","{{{part.Id}}}"],"Storage":{"Type":"filestore"}}""",
            Stop);
        var final = (await store.FindAsync(id, Stop))!;

        await using (var joined = await store.CopyPartsAsync(final, [part, part], Stop))
            await store.FinishAsync(await joined.CommitAsync(Stop), Stop);

        Assert.True(final.IsAwaitingParts);
        Assert.Equal("partpart", await File.ReadAllTextAsync(_folder.PathOf(id), Stop));
        Assert.Equal("""{"a":"1"}""", await File.ReadAllTextAsync(_folder.PathOf(id, ".meta"), Stop));
    }

    [Fact]
    public async Task D1_a_joined_upload_survives_a_loss_of_power()
    {
        var store = _folder.Open();
        var part = await FinishedPartAsync(store);
        var final = await CreateFinalAsync(store, null, part);
        await using (var joined = await store.CopyPartsAsync(final with { Length = 4 }, [part], Stop))
            await store.FinishAsync(await joined.CommitAsync(Stop), Stop);

        _folder.LosePower();

        Assert.True((await _folder.Open().FindAsync(final.Id, Stop))?.IsComplete);
    }

    private static async Task<Upload> FinishedPartAsync(FileSystemUploadStore store)
    {
        var part = await store.CreateAsync(New(4, UploadKind.Partial), Stop);
        using var body = await Bodies.OfAsync(4, "part"u8.ToArray());
        return await store.FinishAsync(await store.AppendAsync(part, body, Stop), Stop);
    }

    private static async Task<Upload> CreateFinalAsync(FileSystemUploadStore store, long? length, params Upload[] parts) =>
        await store.CreateAsync(New(length, UploadKind.Final) with { Parts = [.. parts.Select(part => part.Id)] }, Stop);

    private static NewUpload New(long? length, UploadKind kind) => new() { Id = Guid.NewGuid().ToString(), Length = length, Metadata = UploadMetadata.Empty, Kind = kind };
}
