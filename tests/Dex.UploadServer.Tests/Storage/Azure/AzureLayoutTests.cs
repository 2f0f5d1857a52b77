using System.Text.Json;
using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>What lies in the container, and what is made of what a predecessor or a killed server has left there (spec: storage-layout.md 4, tus.md 19.4).</summary>
public sealed class AzureLayoutTests : IClassFixture<AzureService>, IDisposable
{
    private const int Usual = AzureStoreRig.Usual;

    private readonly AzureService _service;
    private readonly AzureStoreRig _rig;
    private readonly AzureUploadStore _store;

    public AzureLayoutTests(AzureService service)
    {
        _service = service;
        _rig = new AzureStoreRig(service);
        _store = _rig.Open();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _rig.Dispose();

    [Fact]
    [Rule("SA2", "SA3", "ST2")]
    public async Task SA2_a_new_upload_is_a_record_alone_and_a_finished_one_a_blob_with_metadata()
    {
        var upload = await CreateAsync(10, $"Foo {Base64("bär")},data_stream_id {Base64("x")},b@d {Base64("y")},../../evil {Base64("z\r\nx-ms-evil: 1")}");

        var names = await _rig.NamesAsync();
        using var record = JsonDocument.Parse(await _rig.TextAsync($"{upload.Id}.info"));
        Assert.Equal([$"{upload.Id}.info"], names);
        Assert.Equal(upload.Id, record.RootElement.GetProperty("ID").GetString());
        Assert.Equal(["ID", "Size", "SizeIsDeferred", "Offset", "MetaData", "IsPartial", "IsFinal", "PartialUploads", "Storage", "Dex"], record.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            $$"""{"Container":"{{_rig.Keys.Bucket}}","Key":"{{_rig.Keys.Data(upload.Id)}}","Type":"azurestore"}""", record.RootElement.GetProperty("Storage").GetRawText());

        await FinishAsync(await AppendAsync(_store, upload, Bodies.Random(10)));
        var whole = await _rig.HeadAsync(upload.Id);
        Assert.Equal(("b?r", "x"), (whole.Metadata["foo"], whole.Metadata["data_stream_id"]));
        Assert.Equal([upload.Id, $"{upload.Id}.info"], await _rig.NamesAsync());
        Assert.Equal("bär", (await _store.FindAsync(upload.Id, Stop))?.Metadata.ToSortedText()["Foo"]);
    }

    [Fact]
    [Rule("SA2", "SA4")]
    public async Task SA2_SA4_blocks_have_the_predecessors_names_in_order_and_stay_out_of_sight()
    {
        var bytes = Bodies.Random((3 * Usual) + 70_000);
        var upload = await AppendAsync(_store, await CreateAsync(bytes.Length + 1), bytes);

        var blocks = await _rig.BlocksAsync(upload.Id);

        Assert.Equal(
            [("AAAAAA==", Usual), ("AQAAAA==", Usual), ("AgAAAA==", Usual), ("AwAAAA==", 70_000)],
            blocks.UncommittedBlocks.Select(block => (block.Name, (int)block.SizeLong)).OrderBy(block => block.Name, StringComparer.Ordinal));
        Assert.Empty(blocks.CommittedBlocks);
        Assert.False(await _service.Blob(_rig.Keys.Data(upload.Id)).ExistsAsync(Stop));
    }

    [Fact]
    [Rule("SA2", "SA3", "SA5")]
    public async Task SA3_a_predecessors_upload_goes_on_where_its_blocks_end_and_its_mark_is_no_byte()
    {
        var bytes = Bodies.Random(1000);
        var id = await _rig.PutPredecessorsAsync(bytes.Length, bytes[..1], bytes[1..300], bytes[300..301]);
        await _rig.StageAsync(id, int.MaxValue, [7]);

        var found = await FindAsync(_store, id);
        var finished = await FinishAsync(await AppendAsync(_store, found, bytes[301..]));

        Assert.Equal((301L, null), (found.Offset, found.Crc32C));
        Assert.Equal(bytes, await _rig.ReadAsync(id));
        Assert.Equal(Crc32C.Append(0, bytes), finished.Crc32C);
        Assert.Equal("1", (await _rig.HeadAsync(id)).Metadata["a"]);
        Assert.Equal([id, $"{id}.info"], await _rig.NamesAsync());
    }

    [Fact]
    [Rule("SA3")]
    public async Task SA3_more_blocks_than_one_byte_of_their_numbers_counts_are_in_the_order_of_their_numbers()
    {
        var bytes = Bodies.Random(300);
        var id = await _rig.PutPredecessorsAsync(bytes.Length, [.. bytes.Select(one => new[] { one })]);

        await FinishAsync(await FindAsync(_store, id));

        Assert.Equal(bytes, await _rig.ReadAsync(id));
    }

    [Fact]
    [Rule("SA2", "SA3")]
    public async Task SA3_a_predecessor_finds_our_bytes_in_our_blocks_as_far_as_they_are_blocks()
    {
        var bytes = Bodies.Random(Usual + 100);
        var upload = await AppendAsync(_store, await CreateAsync(bytes.Length), bytes[..Usual]);

        await _rig.StageAsync(upload.Id, 1, bytes[Usual..]);
        await _rig.CommitAsync(upload.Id, 2);
        var found = await FindAsync(_store, upload.Id);
        await FinishAsync(found);

        Assert.True(found.IsComplete);
        Assert.Equal(bytes, await _rig.ReadAsync(upload.Id));
        Assert.Equal([upload.Id, $"{upload.Id}.info"], await _rig.NamesAsync());
    }

    [Fact]
    public async Task A_blob_that_was_committed_without_metadata_gets_them()
    {
        var id = await _rig.PutPredecessorsAsync(5, "hello"u8.ToArray());
        await _rig.CommitAsync(id, 1);

        await FinishAsync(await FindAsync(_store, id));

        Assert.Equal("1", (await _rig.HeadAsync(id)).Metadata["a"]);
    }

    [Fact]
    public async Task A_blob_of_another_length_is_never_taken_for_the_upload()
    {
        var id = await _rig.PutPredecessorsAsync(5);
        await _rig.PutAsync(id, "hello!"u8.ToArray());

        await Assert.ThrowsAsync<InvalidDataException>(() => _store.FindAsync(id, Stop).AsTask());
    }

    [Fact]
    [Rule("S36", "SA3")]
    public async Task S36_blocks_beyond_a_gap_never_become_part_of_the_upload()
    {
        var bytes = Bodies.Random(4 * Usual);
        var id = await _rig.PutPredecessorsAsync(bytes.Length, bytes[..Usual]);
        await _rig.StageAsync(id, 2, Bodies.Random(Usual, seed: 7));
        var found = await FindAsync(_store, id);

        var stored = await AppendAsync(_store, found, bytes[Usual..(2 * Usual)]);
        var again = await FindAsync(_rig.Open(), id);
        stored = await AppendAsync(_store, stored, bytes[(2 * Usual)..(3 * Usual)]);
        var afterwards = await FindAsync(_rig.Open(), id);
        await FinishAsync(await AppendAsync(_store, stored, bytes[(3 * Usual)..]));

        Assert.Equal((Usual, 2L * Usual, 3L * Usual), (found.Offset, again.Offset, afterwards.Offset));
        Assert.Equal(bytes, await _rig.ReadAsync(id));
    }

    [Fact]
    [Rule("SA1", "SA4")]
    public async Task SA4_small_chunks_are_merged_when_blocks_are_scarce()
    {
        using var rig = new AzureStoreRig(_service) { Sizes = new PartSizes(1, Usual, Usual, 20) };
        var store = rig.Open();
        var bytes = Bodies.Random(10_000);
        var upload = await CreateAsync(store, bytes.Length);

        for (var at = 0; at < bytes.Length; at += 100)
            upload = await AppendAsync(store, upload, bytes[at..(at + 100)]);
        var blocks = (await rig.BlocksAsync(upload.Id)).UncommittedBlocks.Count();
        await store.FinishAsync(upload, Stop);

        Assert.InRange(blocks, 10, 20);
        Assert.Equal(bytes, await rig.ReadAsync(upload.Id));
    }

    [Fact]
    [Rule("SA4", "S35")]
    public async Task S35_a_tail_is_not_counted_twice_after_a_kill_behind_the_block_that_has_it()
    {
        using var rig = new AzureStoreRig(_service) { Sizes = new PartSizes(5000, Usual, Usual, 50_000) };
        var bytes = Bodies.Random(6000);
        var upload = await AppendAsync(rig.Open(), await CreateAsync(rig.Open(), bytes.Length), bytes[..4000]);

        // As far as a request gets that is killed before it has replaced the tail.
        await rig.StageAsync(upload.Id, 0, bytes[..5500]);
        var found = await FindAsync(rig.Open(), upload.Id);
        await rig.Open().FinishAsync(await AppendAsync(rig.Open(), found, bytes[5500..]), Stop);

        Assert.Equal((4000, 5500), (upload.Offset, found.Offset));
        Assert.Equal(bytes, await rig.ReadAsync(upload.Id));
    }

    [Fact]
    [Rule("SA1")]
    public async Task SA1_a_tail_does_not_grow_for_longer_than_its_blocks_live()
    {
        var clock = new ManualClock();
        using var rig = new AzureStoreRig(_service) { Clock = clock, Sizes = new PartSizes(5000, Usual, Usual, 50_000) };
        var store = rig.Open();
        var upload = await AppendAsync(store, await CreateAsync(store, 20_000), Bodies.Random(5000));

        upload = await AppendAsync(store, upload, Bodies.Random(10));
        var young = (await rig.BlocksAsync(upload.Id)).UncommittedBlocks.Count();
        clock.Advance(TimeSpan.FromDays(2));
        upload = await AppendAsync(store, upload, Bodies.Random(10));

        Assert.Equal((1, 2), (young, (await rig.BlocksAsync(upload.Id)).UncommittedBlocks.Count()));
        Assert.Equal(5020, (await FindAsync(rig.Open(), upload.Id)).Offset);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(2 * Usual)]
    public async Task A_removed_upload_leaves_nothing(int stored)
    {
        var upload = await AppendAsync(_store, await CreateAsync(3 * Usual), Bodies.Random(stored));

        await _store.DeleteAsync(upload, Stop);

        Assert.Empty(await _rig.NamesAsync());
        Assert.Null(await _rig.Open().FindAsync(upload.Id, Stop));
    }

    [Fact]
    [Rule("S310", "LK9", "SA7")]
    public async Task LK9_a_server_that_lost_its_lock_does_not_put_its_tail_in_place_of_anothers()
    {
        var upload = await CreateAsync(100);
        var late = _rig.Open();
        var stale = await FindAsync(late, upload.Id);
        await AppendAsync(_store, upload, "first"u8.ToArray());

        await Assert.ThrowsAnyAsync<IOException>(() => AppendAsync(late, stale, "late"u8.ToArray()));
    }

    [Fact]
    [Rule("SA6")]
    public async Task SA6_parts_are_joined_by_whom_the_emulator_lets_copy_nothing()
    {
        var sas = new AzureSignIn.Sas(new(_service.NewSas(DateTimeOffset.UtcNow.AddHours(1))));
        using var rig = new AzureStoreRig(_service) { SignIn = sas };
        var store = rig.Open();
        byte[][] pieces = [Bodies.Random(Usual + 5), Bodies.Random(3, seed: 2), Bodies.Random((2 * Usual) + 1, seed: 3)];
        var parts = new List<Upload>();
        foreach (var piece in pieces)
        {
            var part = await store.CreateAsync(new NewUpload { Id = Guid.NewGuid().ToString(), Length = piece.Length, Metadata = UploadMetadata.Empty, Kind = UploadKind.Partial }, Stop);
            parts.Add(await store.FinishAsync(await AppendAsync(store, part, piece), Stop));
        }

        var final = await store.ConcatenateAsync(
            new NewUpload
            {
                Id = Guid.NewGuid().ToString(),
                Length = pieces.Sum(piece => piece.Length),
                Metadata = UploadMetadata.Empty,
                Kind = UploadKind.Final,
                Parts = [.. parts.Select(part => part.Id)],
            },
            parts, Stop);

        Assert.Equal(pieces.SelectMany(piece => piece), await rig.ReadAsync(final.Id));
        Assert.Equal(Crc32C.Append(0, pieces.SelectMany(piece => piece).ToArray()), final.Crc32C);
    }

    [Fact]
    public async Task Leftovers_are_blocks_and_tails_without_a_record_and_nothing_else()
    {
        var leftovers = _rig.OpenLeftovers();
        var alive = await AppendAsync(_store, await CreateAsync(100), Bodies.Random(10));
        var orphan = await _rig.PutPredecessorsAsync(10, Bodies.Random(10));
        await _rig.DeleteAsync($"{orphan}.info");
        var tail = Guid.NewGuid().ToString();
        await _rig.PutAsync($"{tail}.part", Bodies.Random(7));
        await _rig.PutAsync("somebody-elses.part", [1]);
        await _rig.PutAsync($"{Guid.NewGuid()}.info", "no record"u8.ToArray());
        await _rig.PutAsync(Guid.NewGuid().ToString(), "a finished upload without its record"u8.ToArray());
        var before = await _rig.NamesAsync();

        var young = await leftovers.ListLeftoversAsync(DateTimeOffset.UtcNow.AddMinutes(-1), Stop).ToListAsync(Stop);
        var found = await leftovers.ListLeftoversAsync(DateTimeOffset.UtcNow.AddMinutes(1), Stop).ToListAsync(Stop);
        foreach (var leftover in found)
            Assert.True(await leftovers.RemoveAsync(leftover, Stop));

        Assert.Empty(young);
        Assert.Equal(new[] { (LeftoverKind.Side, tail), (LeftoverKind.Temporary, orphan) }.Order(), found.Select(leftover => (leftover.Kind, leftover.UploadId!)).Order());
        Assert.Equal(before.Except([orphan, $"{tail}.part"]), await _rig.NamesAsync());
        Assert.Equal(10, (await FindAsync(_rig.Open(), alive.Id)).Offset);
    }

    [Fact]
    public async Task Without_its_container_there_is_no_upload_to_list()
    {
        var keys = _rig.Keys with { Bucket = "no-such-container" };
        using var connection = AzureRig.Connect(_service);
        var store = new AzureUploadStore(connection.Container(keys.Bucket), keys, new PartWriting(_rig.Memory, _rig.Sizes, PartsPerUpload: 3, TimeProvider.System));

        Assert.Empty(await store.ListIdsAsync(Stop).ToListAsync(Stop));
        await Assert.ThrowsAsync<StoreCallException>(() => store.FindAsync(Guid.NewGuid().ToString(), Stop).AsTask());
    }

    private static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));

    private Task<Upload> CreateAsync(long? length, string? metadata = null) => CreateAsync(_store, length, metadata);

    private static async Task<Upload> CreateAsync(AzureUploadStore store, long? length, string? metadata = null) => await store.CreateAsync(
        new NewUpload { Id = Guid.NewGuid().ToString(), Length = length, Metadata = UploadMetadata.Parse(metadata) }, Stop);

    private static async Task<Upload> FindAsync(AzureUploadStore store, string id)
    {
        var found = await store.FindAsync(id, Stop);
        Assert.NotNull(found);
        return found;
    }

    private static async Task<Upload> AppendAsync(AzureUploadStore store, Upload upload, byte[] bytes)
    {
        using var body = await Bodies.OfAsync((upload.Length ?? long.MaxValue) - upload.Offset, bytes);
        return await store.AppendAsync(upload, body, Stop);
    }

    private async Task<Upload> FinishAsync(Upload upload) => await _store.FinishAsync(upload, Stop);
}
