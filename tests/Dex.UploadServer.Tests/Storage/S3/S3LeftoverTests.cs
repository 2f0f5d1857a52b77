using Dex.Testing;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>What a sweep finds in a bucket that belongs to no upload (spec: tus.md S311, storage-layout.md 9.8).</summary>
public sealed class S3LeftoverTests : IClassFixture<ObjectStoreService>, IDisposable
{
    private readonly S3StoreRig _rig;
    private readonly S3UploadStore _store;
    private readonly S3Leftovers _leftovers;

    public S3LeftoverTests(ObjectStoreService service)
    {
        _rig = new S3StoreRig(service);
        _store = _rig.Open();
        _leftovers = _rig.OpenLeftovers();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _rig.Dispose();

    [Fact]
    [Rule("S311")]
    public async Task S311_a_multipart_upload_that_no_record_names_is_aborted()
    {
        var (id, multipartId) = await _rig.PutPredecessorsAsync(10, [Bodies.Random(10)], null);
        await _rig.DeleteAsync($"{id}.info");

        var found = Assert.Single(await ListAsync());
        Assert.True(await _leftovers.RemoveAsync(found, Stop));

        Assert.Equal((LeftoverKind.Temporary, id, 10L, $"{id}+{multipartId}"), (found.Kind, found.UploadId, found.Bytes, found.Name));
        Assert.Empty(await _rig.MultipartUploadsAsync());
    }

    [Fact]
    public async Task A_second_multipart_upload_of_an_upload_goes_and_its_own_stays()
    {
        var upload = await CreateAsync();
        await _rig.BeginAsync(upload.Id);

        var found = Assert.Single(await ListAsync());
        await _leftovers.RemoveAsync(found, Stop);

        Assert.Equal(S3LongId.MultipartIdOf((StoredUpload)upload.StoreState!), Assert.Single(await _rig.MultipartUploadsAsync()).Id);
    }

    [Fact]
    public async Task A_tail_without_a_record_and_a_record_without_bytes_are_removed()
    {
        var (id, multipartId) = await _rig.PutPredecessorsAsync(10, [], null);
        await _rig.AbortAsync(id, multipartId);
        var alone = Guid.NewGuid().ToString();
        await _rig.PutTailAsync(alone, Bodies.Random(7), start: 0);

        var found = await ListAsync();
        foreach (var leftover in found)
            Assert.True(await _leftovers.RemoveAsync(leftover, Stop));

        Assert.Equal(new[] { (LeftoverKind.Record, id), (LeftoverKind.Side, alone) }.Order(), found.Select(leftover => (leftover.Kind, leftover.UploadId!)).Order());
        Assert.Empty(await _rig.ObjectsAsync());
    }

    [Fact]
    public async Task The_tail_that_a_killed_completion_left_beside_a_finished_upload_goes_and_the_upload_stays()
    {
        var (id, multipartId) = await _rig.PutPredecessorsAsync(5, [], null);
        await _rig.AbortAsync(id, multipartId);
        await _rig.PutAsync(id, "hello"u8.ToArray());
        await _rig.PutTailAsync(id, "llo"u8.ToArray(), start: 2);

        await _leftovers.RemoveAsync(Assert.Single(await ListAsync()), Stop);

        Assert.Equal([id, $"{id}.info"], (await _rig.ObjectsAsync()).Keys);
    }

    [Fact]
    public async Task What_is_young_or_none_of_ours_or_cannot_be_read_stays()
    {
        await _rig.BeginAsync(Guid.NewGuid().ToString());
        await _rig.PutTailAsync(Guid.NewGuid().ToString(), Bodies.Random(7), start: 0);
        await _rig.PutAsync("somebody-elses.part", [1]);
        await _rig.PutAsync($"{Guid.NewGuid()}.info", "no record"u8.ToArray());
        await _rig.PutAsync(Guid.NewGuid().ToString(), "a finished upload without its record"u8.ToArray());

        Assert.Empty(await _leftovers.ListLeftoversAsync(DateTimeOffset.UtcNow.AddMinutes(-1), Stop).ToListAsync(Stop));
        Assert.Equal([LeftoverKind.Side, LeftoverKind.Temporary], (await ListAsync()).Select(leftover => leftover.Kind).Order());
    }

    [Fact]
    public async Task What_has_become_an_uploads_own_since_it_was_listed_stays()
    {
        var upload = await CreateAsync();
        var record = await _rig.ReadAsync($"{upload.Id}.info");
        await _rig.DeleteAsync($"{upload.Id}.info");
        var listed = Assert.Single(await ListAsync());
        await _rig.PutAsync($"{upload.Id}.info", record);

        Assert.False(await _leftovers.RemoveAsync(listed, Stop));
        Assert.NotNull(await _rig.Open().FindAsync(upload.Id, Stop));
    }

    private async Task<Upload> CreateAsync() => await _store.CreateAsync(new NewUpload { Id = Guid.NewGuid().ToString(), Length = 5, Metadata = UploadMetadata.Empty }, Stop);

    private ValueTask<List<Leftover>> ListAsync() => _leftovers.ListLeftoversAsync(DateTimeOffset.MaxValue, Stop).ToListAsync(Stop);
}
