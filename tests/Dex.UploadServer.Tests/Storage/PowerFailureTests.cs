using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Storage.FileSystem;

namespace Dex.UploadServer.Tests.Storage;

/// <summary>After another start of the machine an offset may be lower, but never with wrong bytes below it (reliability.md D1).</summary>
public sealed class PowerFailureTests : IDisposable
{
    private const int Mark = 64 << 20;
    private readonly FileStoreFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_tail_of_zeros_is_dropped_and_the_upload_can_be_completed()
    {
        var bytes = Bodies.Random(100_000);
        var upload = await StoreAsync(100_000, bytes[..60_000]);
        ZeroTail(upload.Id, from: 57_344);
        _folder.LosePower();

        var store = _folder.Open();
        var found = await FindAsync(store, upload.Id);
        Assert.Equal(0, found.Offset);
        Assert.Equal(60_000, new FileInfo(_folder.PathOf(upload.Id)).Length); // looking changes nothing
        var finished = await store.FinishAsync(await AppendAsync(store, found, bytes), Stop);

        Assert.Equal(Crc32C.Append(0, bytes), finished.Crc32C);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(_folder.PathOf(upload.Id), Stop));
    }

    [Fact]
    public async Task What_was_flushed_at_a_mark_stays_when_the_tail_is_wrong()
    {
        var bytes = Bodies.Random(Mark + 200_000);
        var upload = await StoreAsync(bytes.Length, bytes[..Mark], bytes[Mark..(Mark + 100_000)]);
        ZeroTail(upload.Id, from: Mark + 4_096);
        _folder.LosePower();

        var store = _folder.Open();
        var found = await FindAsync(store, upload.Id);
        Assert.Equal(Mark, found.Offset);
        Assert.Equal(Crc32C.Append(0, bytes.AsSpan(0, Mark)), found.Crc32C);
        var finished = await store.FinishAsync(await AppendAsync(store, found, bytes[Mark..]), Stop);

        Assert.Equal(Crc32C.Append(0, bytes), finished.Crc32C);
    }

    [Fact]
    public async Task Bytes_whose_checksum_matches_are_kept()
    {
        var bytes = Bodies.Random(100_000);
        var upload = await StoreAsync(200_000, bytes);
        _folder.LosePower();

        var found = await FindAsync(_folder.Open(), upload.Id);

        Assert.Equal(100_000, found.Offset);
        Assert.Equal(Crc32C.Append(0, bytes), found.Crc32C);
    }

    [Fact]
    public async Task Bytes_after_the_last_note_do_not_count()
    {
        var upload = await StoreAsync(200_000, Bodies.Random(100_000));
        await File.AppendAllTextAsync(_folder.PathOf(upload.Id), "written when the power went", Stop);
        _folder.LosePower();

        var store = _folder.Open();
        var found = await FindAsync(store, upload.Id);
        await AppendAsync(store, found, [1]);

        Assert.Equal(100_000, found.Offset);
        Assert.Equal(100_001, new FileInfo(_folder.PathOf(upload.Id)).Length);
    }

    [Fact]
    public async Task A_file_shorter_than_its_note_starts_again()
    {
        var upload = await StoreAsync(200_000, Bodies.Random(100_000));
        using (var data = File.OpenWrite(_folder.PathOf(upload.Id)))
            data.SetLength(50_000);
        _folder.LosePower();

        Assert.Equal(0, (await FindAsync(_folder.Open(), upload.Id)).Offset);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no such record")]
    public async Task Without_a_note_to_believe_an_upload_starts_again(string note)
    {
        var upload = await StoreAsync(200_000, Bodies.Random(100_000));
        await File.WriteAllTextAsync(_folder.PathOf(upload.Id, ".progress"), note, Stop);
        _folder.LosePower();

        Assert.Equal(0, (await FindAsync(_folder.Open(), upload.Id)).Offset);
    }

    [Fact]
    [Rule("ST1")]
    public async Task While_the_machine_runs_every_byte_counts_without_a_note()
    {
        var bytes = Bodies.Random(100_000);
        var upload = await StoreAsync(100_010, bytes);
        File.Delete(_folder.PathOf(upload.Id, ".progress"));
        await File.AppendAllTextAsync(_folder.PathOf(upload.Id), "killed", Stop);

        var store = _folder.Open();
        var found = await FindAsync(store, upload.Id);
        Assert.Equal((100_006L, null), (found.Offset, found.Crc32C));
        var finished = await store.FinishAsync(await AppendAsync(store, found, "!!!!"u8.ToArray()), Stop);

        Assert.Equal(Crc32C.Append(Crc32C.Append(0, bytes), "killed!!!!"u8), finished.Crc32C);
    }

    [Fact]
    [Rule("BR8")]
    public async Task Bytes_of_this_run_count_after_a_kill_although_the_upload_is_of_an_earlier_one()
    {
        var upload = await StoreAsync(200_000, Bodies.Random(1_000));
        _folder.LosePower();
        var store = _folder.Open();
        using var silent = new SilentBody(await FindAsync(store, upload.Id));
        var append = silent.AppendToAsync(store, Bodies.Random(5_000));
        await Eventually.TrueAsync(() => new FileInfo(_folder.PathOf(upload.Id)).Length == 6_000);

        // A second server over the same files sees what a start after a kill at this moment would see.
        Assert.Equal(6_000, (await FindAsync(_folder.Open(), upload.Id)).Offset);

        silent.Body.Stop(BodyEnd.ShuttingDown);
        Assert.Equal(6_000, (await append).Offset);
    }

    [Fact]
    public async Task Finished_uploads_and_parts_are_never_cut()
    {
        var store = _folder.Open();
        var whole = await store.FinishAsync(await StoreAsync(5, "hello"u8.ToArray()), Stop);
        var part = await store.CreateAsync(new NewUpload { Id = Guid.NewGuid().ToString(), Length = 3, Metadata = UploadMetadata.Empty, Kind = UploadKind.Partial }, Stop);
        part = await store.FinishAsync(await AppendAsync(store, part, "abc"u8.ToArray()), Stop);
        var final = await store.ConcatenateAsync(
            new NewUpload { Id = Guid.NewGuid().ToString(), Length = 6, Metadata = UploadMetadata.Empty, Kind = UploadKind.Final, Parts = [part.Id, part.Id] }, [part, part], Stop);
        _folder.LosePower();

        store = _folder.Open();
        Assert.True((await FindAsync(store, whole.Id)).IsComplete);
        Assert.True((await FindAsync(store, part.Id)).IsComplete);
        Assert.True((await FindAsync(store, final.Id)).IsComplete);
        Assert.Equal(Crc32C.Append(0, "abc"u8), (await FindAsync(store, part.Id)).Crc32C);
    }

    [Fact]
    public async Task A_whole_upload_that_was_never_flushed_starts_again()
    {
        var upload = await StoreAsync(5, "hello"u8.ToArray());
        Assert.True((await FindAsync(_folder.Open(), upload.Id)).IsComplete);

        _folder.LosePower();

        Assert.Equal(0, (await FindAsync(_folder.Open(), upload.Id)).Offset);
    }

    [Fact]
    [Rule("BR8", "DR23")]
    public async Task Every_acknowledged_offset_stays_where_every_one_is_flushed()
    {
        _folder.Durability = UploadDurability.Every;
        var upload = await StoreAsync(200_000, Bodies.Random(100_000));
        await File.AppendAllTextAsync(_folder.PathOf(upload.Id), "not acknowledged", Stop);
        _folder.LosePower();

        Assert.Equal(100_000, (await FindAsync(_folder.Open(), upload.Id)).Offset);
    }

    [Fact]
    public async Task Declaring_a_length_cuts_off_what_does_not_count()
    {
        var upload = await StoreAsync(null, Bodies.Random(1_000));
        await File.AppendAllTextAsync(_folder.PathOf(upload.Id), "written when the power went", Stop);
        _folder.LosePower();

        var store = _folder.Open();
        await store.DeclareLengthAsync(await FindAsync(store, upload.Id), 1_000, Stop);

        Assert.Equal(1_000, new FileInfo(_folder.PathOf(upload.Id)).Length);
        Assert.True((await FindAsync(store, upload.Id)).IsComplete);
    }

    private async Task<Upload> StoreAsync(long? length, params byte[][] pieces)
    {
        var store = _folder.Open();
        var upload = await store.CreateAsync(new NewUpload { Id = Guid.NewGuid().ToString(), Length = length, Metadata = UploadMetadata.Empty }, Stop);
        foreach (var piece in pieces)
            upload = await AppendAsync(store, upload, piece);
        return upload;
    }

    private void ZeroTail(string uploadId, long from)
    {
        using var data = File.OpenWrite(_folder.PathOf(uploadId));
        data.Position = from;
        data.Write(new byte[data.Length - from]);
    }

    private static async Task<Upload> FindAsync(FileSystemUploadStore store, string uploadId)
    {
        var found = await store.FindAsync(uploadId, Stop);
        Assert.NotNull(found);
        return found;
    }

    private static async Task<Upload> AppendAsync(FileSystemUploadStore store, Upload upload, byte[] bytes)
    {
        using var body = await Bodies.OfAsync((upload.Length ?? long.MaxValue) - upload.Offset, bytes);
        return await store.AppendAsync(upload, body, Stop);
    }
}
