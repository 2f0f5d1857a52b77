using System.Text;
using System.Text.Json;
using Dex.Testing;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.S3;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>What lies in the bucket, and what is made of what a predecessor or a killed server has left there (spec: storage-layout.md 3, tus.md 19.3).</summary>
public sealed class S3LayoutTests : IClassFixture<ObjectStoreService>, IDisposable
{
    private const int Least = (int)S3StoreRig.Least;

    private readonly S3StoreRig _rig;
    private readonly S3UploadStore _store;

    public S3LayoutTests(ObjectStoreService service)
    {
        _rig = new S3StoreRig(service);
        _store = _rig.Open();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _rig.Dispose();

    [Fact]
    [Rule("S32", "S38", "ST2")]
    public async Task S32_S38_a_new_upload_is_a_multipart_upload_with_metadata_and_a_record_that_names_it()
    {
        var upload = await CreateAsync(10, $"Foo {Base64("bär")},filetype {Base64("text/csv")},b@d {Base64("x")}");

        var multipart = Assert.Single(await _rig.MultipartUploadsAsync());
        var objects = await _rig.ObjectsAsync();
        using var record = JsonDocument.Parse(objects[$"{upload.Id}.info"]);
        Assert.Equal([$"{upload.Id}.info"], objects.Keys);
        Assert.Equal($"{upload.Id}+{multipart.Id}", record.RootElement.GetProperty("ID").GetString());
        Assert.Equal(["ID", "Size", "SizeIsDeferred", "Offset", "MetaData", "IsPartial", "IsFinal", "PartialUploads", "Storage", "Dex"], record.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            $$"""{"Bucket":"{{_rig.Keys.Bucket}}","Key":"{{_rig.Keys.Data(upload.Id)}}","Type":"s3store"}""", record.RootElement.GetProperty("Storage").GetRawText());

        await FinishAsync(_store, await AppendAsync(_store, upload, Bodies.Random(10)));
        var whole = await _rig.HeadAsync(upload.Id);
        Assert.Equal("b?r", whole.Metadata["x-amz-meta-foo"]);
        Assert.Equal("text/csv", whole.Headers.ContentType);
        Assert.DoesNotContain("x-amz-meta-b@d", whole.Metadata.Keys);
    }

    [Fact]
    public async Task An_upload_has_a_file_once_its_object_is_there_and_the_time_of_that_object()
    {
        var upload = await CreateAsync(10);
        var begun = await _store.FindAsync(upload.Id, Stop);
        await FinishAsync(_store, await AppendAsync(_store, upload, Bodies.Random(10)));
        var finished = await _store.FindAsync(upload.Id, Stop);

        Assert.False(begun!.HasFile);
        Assert.True(finished!.HasFile);
        Assert.Equal((await _rig.HeadAsync(upload.Id)).LastModified!.Value.ToUniversalTime(), finished.ModifiedAt.UtcDateTime);
    }

    [Fact]
    [Rule("S34", "S36")]
    public async Task S34_bytes_below_a_part_are_the_tail_and_a_finished_upload_has_none()
    {
        var bytes = Bodies.Random(2 * Least + 300);
        var upload = await CreateAsync(bytes.Length);

        upload = await AppendAsync(_store, upload, bytes[..(Least + 100)]);
        var (parts, tail) = (await _rig.PartsAsync(upload.Id), await _rig.ReadAsync($"{upload.Id}.part"));
        upload = await FinishAsync(_store, await AppendAsync(_store, upload, bytes[(Least + 100)..]));

        Assert.Equal([Least], parts.Select(part => part.Size!.Value));
        Assert.Equal(bytes[Least..(Least + 100)], tail);
        Assert.Equal([upload.Id, $"{upload.Id}.info"], (await _rig.ObjectsAsync()).Keys);
        Assert.Empty(await _rig.MultipartUploadsAsync());
        Assert.Equal(bytes, await _rig.ReadAsync(upload.Id));
        Assert.Equal(Crc32C.Append(0, bytes), upload.Crc32C);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [Rule("S32", "S34", "S35")]
    public async Task S32_S34_S35_a_predecessors_upload_goes_on_where_its_parts_and_its_tail_end(int tail)
    {
        var bytes = Bodies.Random(2 * Least + 50);
        var (id, _) = await _rig.PutPredecessorsAsync(bytes.Length, [bytes[..Least]], tail == 0 ? null : bytes[Least..(Least + tail)]);

        var found = await FindAsync(_store, id);
        var finished = await FinishAsync(_store, await AppendAsync(_store, found, bytes[(Least + tail)..]));

        Assert.Equal((id, (long)(Least + tail), null), (found.Id, found.Offset, found.Crc32C));
        Assert.Equal(bytes, await _rig.ReadAsync(id));
        Assert.Equal(Crc32C.Append(0, bytes), finished.Crc32C);
        Assert.Equal([id, $"{id}.info"], (await _rig.ObjectsAsync()).Keys);
    }

    [Fact]
    [Rule("S34", "S35")]
    public async Task S35_a_predecessors_tail_is_not_counted_twice_when_we_are_killed_after_the_part_that_has_it()
    {
        var bytes = Bodies.Random(2 * Least);
        var (id, _) = await _rig.PutPredecessorsAsync(bytes.Length + 1, [], bytes[..70]);

        // As many bytes as make one part together with the tail; the tail stays, as after a kill before it is replaced.
        await AppendAsync(_store, await FindAsync(_store, id), bytes[70..Least]);
        await _rig.PutTailAsync(id, bytes[..70], start: 0);

        Assert.Equal(Least, (await FindAsync(_rig.Open(), id)).Offset);
    }

    [Fact]
    [Rule("S35")]
    public async Task S35_a_tail_that_begins_behind_bytes_that_are_missing_does_not_count()
    {
        var upload = await CreateAsync(2 * Least);
        await _rig.PutTailAsync(upload.Id, Bodies.Random(10), start: Least);

        Assert.Equal(0, (await FindAsync(_rig.Open(), upload.Id)).Offset);
    }

    [Fact]
    [Rule("S36")]
    public async Task S36_parts_beyond_a_gap_never_become_part_of_the_upload()
    {
        var bytes = Bodies.Random(4 * Least);
        var (id, multipartId) = await _rig.PutPredecessorsAsync(bytes.Length, [bytes[..Least]], null);
        await _rig.PutPartAsync(id, multipartId, 3, Bodies.Random(Least, seed: 7));
        var found = await FindAsync(_store, id);

        var stored = await AppendAsync(_store, found, bytes[Least..(2 * Least)]);
        var again = await FindAsync(_rig.Open(), id);
        await FinishAsync(_store, await AppendAsync(_store, stored, bytes[(2 * Least)..]));

        Assert.Equal((Least, 2L * Least), (found.Offset, again.Offset));
        Assert.Equal(bytes, await _rig.ReadAsync(id));
    }

    [Fact]
    [Rule("S37")]
    public async Task S37_a_multipart_upload_that_is_gone_means_finished_only_with_the_right_object()
    {
        var (id, multipartId) = await _rig.PutPredecessorsAsync(5, [], null);
        await _rig.AbortAsync(id, multipartId);
        var without = await _store.FindAsync(id, Stop);
        await _rig.PutAsync(id, "hello"u8.ToArray());
        var right = await _store.FindAsync(id, Stop);
        await _rig.PutAsync(id, "hello!"u8.ToArray());

        Assert.Null(without);
        Assert.True(right?.IsComplete);
        await Assert.ThrowsAsync<InvalidDataException>(() => _rig.Open().FindAsync(id, Stop).AsTask());
    }

    [Fact]
    [Rule("S39")]
    public async Task S39_a_removed_upload_leaves_nothing()
    {
        var upload = await AppendAsync(_store, await CreateAsync(3 * Least), Bodies.Random(Least + 10));

        await _store.DeleteAsync(upload, Stop);

        Assert.Empty(await _rig.ObjectsAsync());
        Assert.Empty(await _rig.MultipartUploadsAsync());
    }

    [Fact]
    [Rule("S33", "S34")]
    public async Task S33_S34_small_chunks_are_merged_into_parts()
    {
        const int chunk = 512 * 1024;
        var bytes = Bodies.Random(3 * Least);
        var upload = await CreateAsync(bytes.Length);

        for (var at = 0; at < bytes.Length; at += chunk)
            upload = await AppendAsync(_store, upload, bytes[at..Math.Min(at + chunk, bytes.Length)]);
        var parts = await _rig.PartsAsync(upload.Id);
        await FinishAsync(_store, upload);

        Assert.Equal([Least, Least, Least], parts.Select(part => part.Size!.Value));
        Assert.Equal(bytes, await _rig.ReadAsync(upload.Id));
    }

    [Fact]
    public async Task A_tail_that_is_all_there_is_left_becomes_the_last_part_when_the_length_is_declared()
    {
        var bytes = Bodies.Random(Least + 100);
        var upload = await AppendAsync(_store, await CreateAsync(null), bytes);

        upload = await FinishAsync(_store, await _store.DeclareLengthAsync(upload, bytes.Length, Stop));

        Assert.Equal(bytes, await _rig.ReadAsync(upload.Id));
        Assert.Equal(Crc32C.Append(0, bytes), upload.Crc32C);
    }

    [Fact]
    [Rule("S310", "LK9")]
    public async Task S310_LK9_a_server_that_lost_its_lock_does_not_put_its_tail_in_place_of_anothers()
    {
        var upload = await CreateAsync(100);
        var slow = await FindAsync(_rig.Open(), upload.Id);
        var late = _rig.Open();
        var stale = await FindAsync(late, upload.Id);
        await AppendAsync(_store, upload, "first"u8.ToArray());

        await Assert.ThrowsAnyAsync<IOException>(() => AppendAsync(late, stale, "late"u8.ToArray()));

        Assert.Equal(0, slow.Offset);
        Assert.Equal("first"u8.ToArray(), await _rig.ReadAsync($"{upload.Id}.part"));
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private ValueTask<Upload> CreateAsync(long? length, string? metadata = null) => _store.CreateAsync(
        new NewUpload { Id = Guid.NewGuid().ToString(), Length = length, Metadata = UploadMetadata.Parse(metadata) }, Stop);

    private static async Task<Upload> FindAsync(S3UploadStore store, string id)
    {
        var found = await store.FindAsync(id, Stop);
        Assert.NotNull(found);
        return found;
    }

    private static async Task<Upload> AppendAsync(S3UploadStore store, Upload upload, byte[] bytes)
    {
        using var body = await Bodies.OfAsync((upload.Length ?? long.MaxValue) - upload.Offset, bytes);
        return await store.AppendAsync(upload, body, Stop);
    }

    private static async Task<Upload> FinishAsync(S3UploadStore store, Upload upload) => await store.FinishAsync(upload, Stop);
}
