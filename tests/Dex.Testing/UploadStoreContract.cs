using System.Text;
using Dex.Tus.Digests;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Xunit;

namespace Dex.Testing;

/// <summary>What every store does, whatever it keeps uploads in. A class for each backend says how to make one.</summary>
public abstract class UploadStoreContract
{
    protected abstract IUploadStore Store { get; }

    /// <summary>The store as a server finds it that starts now over the same uploads.</summary>
    protected abstract IUploadStore Reopened();

    /// <summary>The stored bytes of a finished upload, read past the store.</summary>
    protected abstract Task<byte[]> ReadFinishedAsync(string uploadId);

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    protected static NewUpload NewUpload(long? length, string? metadata = null, UploadKind kind = UploadKind.Whole) => new()
    {
        Id = Guid.NewGuid().ToString(),
        Length = length,
        Metadata = UploadMetadata.Parse(metadata),
        Kind = kind,
    };

    protected static Task<Upload> AppendAsync(IUploadStore store, Upload upload, string text) => AppendAsync(store, upload, Encoding.UTF8.GetBytes(text));

    protected static async Task<Upload> AppendAsync(IUploadStore store, Upload upload, params byte[][] pieces)
    {
        using var body = await Bodies.OfAsync((upload.Length ?? long.MaxValue) - upload.Offset, pieces);
        return await store.AppendAsync(upload, body, Stop);
    }

    protected static async Task<Upload> FindAsync(IUploadStore store, string uploadId)
    {
        var found = await store.FindAsync(uploadId, Stop);
        Assert.NotNull(found);
        return found;
    }

    protected async Task<Upload> FinishedPartAsync(byte[] bytes)
    {
        var part = await Store.CreateAsync(NewUpload(bytes.Length, kind: UploadKind.Partial), Stop);
        return await Store.FinishAsync(await AppendAsync(Store, part, bytes), Stop);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("../../etc/passwd")]
    [InlineData("a/b")]
    [InlineData("\0")]
    [InlineData("7F1D0F5E-3C1B-4A58-9D0E-5B0C2A9F6E11")]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11.info")]
    [InlineData("{7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11}")]
    [InlineData("7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11")]
    public async Task An_id_that_nobody_was_given_is_not_found(string uploadId) =>
        Assert.Null(await Store.FindAsync(uploadId, Stop));

    [Fact]
    public async Task A_body_longer_than_the_upload_is_stored_up_to_its_length()
    {
        var upload = await Store.CreateAsync(NewUpload(4), Stop);

        var stored = await AppendAsync(Store, upload, "hello");

        Assert.Equal(4, stored.Offset);
        Assert.True((await FindAsync(Reopened(), upload.Id)).IsComplete);
    }

    [Fact]
    [Rule("LK9", "SF2")]
    public async Task An_upload_that_has_moved_on_since_it_was_found_takes_no_bytes()
    {
        var upload = await Store.CreateAsync(NewUpload(10), Stop);
        await AppendAsync(Store, upload, "first");

        await Assert.ThrowsAnyAsync<IOException>(() => AppendAsync(Store, upload, "again"));

        Assert.Equal(5, (await FindAsync(Store, upload.Id)).Offset);
    }

    [Fact]
    [Rule("SH3")]
    public async Task A_created_upload_is_found_as_it_was_created()
    {
        var creation = NewUpload(5, kind: UploadKind.Partial);

        await Store.CreateAsync(creation, Stop);

        var found = await FindAsync(Reopened(), creation.Id);
        Assert.Equal((creation.Id, 5L, 0L, UploadKind.Partial), (found.Id, found.Length, found.Offset, found.Kind));
        Assert.Equal(0u, found.Crc32C);
    }

    [Fact]
    public async Task Bytes_appended_move_the_offset()
    {
        var upload = await Store.CreateAsync(NewUpload(5), Stop);

        var stored = await AppendAsync(Store, upload, "hel");

        Assert.Equal(3, stored.Offset);
        Assert.Equal(3, (await FindAsync(Store, upload.Id)).Offset);
    }

    [Fact]
    [Rule("SH2", "ST1")]
    public async Task Pieces_over_several_requests_and_starts_become_one_file()
    {
        var bytes = Bodies.Random(300_000);
        var upload = await Store.CreateAsync(NewUpload(bytes.Length), Stop);

        await AppendAsync(Store, upload, bytes[..70_000], bytes[70_000..70_001]);
        await AppendAsync(Reopened(), await FindAsync(Store, upload.Id), bytes[70_001..200_000]);
        var store = Reopened();
        var finished = await store.FinishAsync(await AppendAsync(store, await FindAsync(store, upload.Id), bytes[200_000..]), Stop);

        Assert.Equal(Crc32C.Append(0, bytes), finished.Crc32C);
        Assert.Equal(bytes, await ReadFinishedAsync(upload.Id));
    }

    [Fact]
    public async Task An_empty_body_changes_nothing()
    {
        var upload = await AppendAsync(Store, await Store.CreateAsync(NewUpload(5), Stop), "hel");

        var stored = await AppendAsync(Store, upload, "");

        Assert.Equal(3, stored.Offset);
        Assert.Equal(3, (await FindAsync(Reopened(), upload.Id)).Offset);
    }

    [Fact]
    public async Task An_upload_of_no_bytes_can_be_finished()
    {
        var upload = await Store.CreateAsync(NewUpload(0), Stop);

        var finished = await Store.FinishAsync(upload, Stop);

        Assert.Equal(0u, finished.Crc32C);
        Assert.True((await FindAsync(Reopened(), upload.Id)).IsComplete);
    }

    [Fact]
    public async Task Metadata_keeps_its_order_and_bytes_that_are_no_text()
    {
        var notUtf8 = Convert.ToBase64String([0xFF, 0x00, 0xC3]);
        var header = $"zebra {notUtf8},empty,alpha {Convert.ToBase64String("<ä & \u2028\">"u8)}";
        var creation = NewUpload(1, header);

        await Store.CreateAsync(creation, Stop);

        Assert.Equal(header, (await FindAsync(Reopened(), creation.Id)).Metadata.ToHeader());
    }

    [Fact]
    public async Task A_deferred_length_is_declared_once_and_for_good()
    {
        var store = Assert.IsAssignableFrom<ILengthDeferralStore>(Store);
        var upload = await AppendAsync(Store, await Store.CreateAsync(NewUpload(null), Stop), "hel");
        Assert.Null((await FindAsync(Reopened(), upload.Id)).Length);

        await store.DeclareLengthAsync(upload, 5, Stop);

        var found = await FindAsync(Reopened(), upload.Id);
        Assert.Equal((5L, 3L), (found.Length, found.Offset));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => store.DeclareLengthAsync(found, 6, Stop).AsTask());
    }

    [Fact]
    [Rule("ST4")]
    public async Task Finishing_twice_is_finishing_once()
    {
        var upload = await AppendAsync(Store, await Store.CreateAsync(NewUpload(5), Stop), "hello");
        var once = await Store.FinishAsync(upload, Stop);

        var store = Reopened();
        var twice = await store.FinishAsync(await FindAsync(store, upload.Id), Stop);

        Assert.Equal(once.Crc32C, twice.Crc32C);
        Assert.Equal("hello"u8.ToArray(), await ReadFinishedAsync(upload.Id));
    }

    [Fact]
    public async Task An_upload_that_is_not_whole_cannot_be_finished()
    {
        var upload = await AppendAsync(Store, await Store.CreateAsync(NewUpload(5), Stop), "hell");

        await Assert.ThrowsAnyAsync<IOException>(() => Store.FinishAsync(upload, Stop).AsTask());

        Assert.Equal(4, (await FindAsync(Store, upload.Id)).Offset);
    }

    [Fact]
    public async Task A_deleted_upload_is_gone_and_deleting_again_is_no_error()
    {
        var store = Assert.IsAssignableFrom<ITerminationStore>(Store);
        var upload = await AppendAsync(Store, await Store.CreateAsync(NewUpload(5), Stop), "hel");

        await store.DeleteAsync(upload, Stop);
        await store.DeleteAsync(upload, Stop);

        Assert.Null(await Reopened().FindAsync(upload.Id, Stop));
        await Assert.ThrowsAnyAsync<IOException>(() => AppendAsync(Store, upload, "lo"));
        Assert.Null(await Store.FindAsync(upload.Id, Stop));
    }

    [Fact]
    [Rule("CC3")]
    public async Task A_final_upload_holds_its_parts_in_order_and_the_parts_stay()
    {
        if (Store is not IConcatenationStore store)
        {
            Assert.Skip("This store does not join uploads.");
            return;
        }

        byte[] first = Bodies.Random(100_000, seed: 1), second = Bodies.Random(50_001, seed: 2);
        Upload[] parts = [await FinishedPartAsync(first), await FinishedPartAsync([]), await FinishedPartAsync(second)];
        parts = [.. parts, parts[0]];
        var creation = NewUpload(parts.Sum(part => part.Offset), kind: UploadKind.Final) with { Parts = [.. parts.Select(part => part.Id)] };

        var joined = await Store.FinishAsync(await store.ConcatenateAsync(creation, parts, Stop), Stop);

        byte[] expected = [.. first, .. second, .. first];
        Assert.Equal(expected, await ReadFinishedAsync(joined.Id));
        Assert.Equal(Crc32C.Append(0, expected), joined.Crc32C);
        var found = await FindAsync(Reopened(), joined.Id);
        Assert.True(found.IsComplete);
        Assert.Equal(creation.Parts.AsEnumerable(), found.Parts);
        Assert.True((await FindAsync(Store, parts[2].Id)).IsComplete);
    }

    [Fact]
    [Rule("CC3")]
    public async Task A_thousand_parts_are_joined()
    {
        if (Store is not IConcatenationStore store)
        {
            Assert.Skip("This store does not join uploads.");
            return;
        }

        var part = await FinishedPartAsync("part "u8.ToArray());
        var parts = Enumerable.Repeat(part, 1_000).ToArray();
        var creation = NewUpload(5_000, kind: UploadKind.Final) with { Parts = [.. parts.Select(one => one.Id)] };

        var joined = await Store.FinishAsync(await store.ConcatenateAsync(creation, parts, Stop), Stop);

        Assert.Equal(string.Concat(Enumerable.Repeat("part ", 1_000)), Encoding.UTF8.GetString(await ReadFinishedAsync(joined.Id)));
    }

    [Fact]
    public async Task Parts_that_have_gone_are_joined_to_nothing()
    {
        if (Store is not IConcatenationStore store || Store is not ITerminationStore termination)
        {
            Assert.Skip("This store does not join uploads.");
            return;
        }

        var part = await FinishedPartAsync("part"u8.ToArray());
        await termination.DeleteAsync(part, Stop);
        var creation = NewUpload(4, kind: UploadKind.Final) with { Parts = [part.Id] };

        await Assert.ThrowsAnyAsync<IOException>(() => store.ConcatenateAsync(creation, [part], Stop).AsTask());

        Assert.Null(await Store.FindAsync(creation.Id, Stop));
    }

    [Fact]
    public async Task Digests_are_kept_with_the_upload_and_its_bytes_can_be_read_again()
    {
        if (Store is not (IDigestStore store and ILengthDeferralStore deferral))
        {
            Assert.Skip("This store keeps no digests.");
            return;
        }

        var declared = new UploadDigests { Declared = [new UploadDigest(DigestAlgorithm.Crc32C, [1, 2, 3, 4]), new UploadDigest(DigestAlgorithm.Sha256, new byte[32])] };
        var upload = await Store.CreateAsync(NewUpload(null) with { Digests = declared }, Stop);
        await deferral.DeclareLengthAsync(upload, 5, Stop);
        var found = await FindAsync(Reopened(), upload.Id);
        upload = await Store.FinishAsync(await AppendAsync(Store, found, "hello"), Stop);
        await using var stored = await store.OpenAsync(upload, Stop);
        using var text = new StreamReader(stored);
        await store.RecordDigestsAsync(upload with { Digests = upload.Digests! with { Computed = [new UploadDigest(DigestAlgorithm.Crc32C, [1, 2, 3, 5])] } }, Stop);

        var kept = (await FindAsync(Reopened(), upload.Id)).Digests!;
        Assert.Equal("hello", await text.ReadToEndAsync(Stop));
        Assert.Equal(declared.Declared, found.Digests!.Declared);
        Assert.Equal(declared.Declared, kept.Declared);
        Assert.Equal("crc32c 01020305", Assert.Single(kept.Computed).ToString());
        Assert.Equal(5, (await FindAsync(Reopened(), upload.Id)).Length);
    }

    [Fact]
    public async Task The_inventory_lists_every_upload()
    {
        if (Store is not IUploadInventory inventory)
        {
            Assert.Skip("This store does not list its uploads.");
            return;
        }

        var unfinished = await Store.CreateAsync(NewUpload(5), Stop);
        var finished = await Store.FinishAsync(await Store.CreateAsync(NewUpload(0), Stop), Stop);

        var ids = await inventory.ListIdsAsync(Stop).ToListAsync(Stop);

        Assert.Contains(unfinished.Id, ids);
        Assert.Contains(finished.Id, ids);
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }
}
