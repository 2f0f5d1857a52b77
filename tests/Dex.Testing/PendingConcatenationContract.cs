using System.Text;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;
using Xunit;

namespace Dex.Testing;

/// <summary>What a store does, beside <see cref="UploadStoreContract"/>, that lists concatenation-unfinished.</summary>
public abstract class PendingConcatenationContract : UploadStoreContract
{
    [Theory]
    [InlineData(null)]
    [InlineData(10L)]
    public async Task A_final_upload_waits_for_its_parts_over_a_start(long? length)
    {
        var part = await Store.CreateAsync(NewUpload(length / 2, kind: UploadKind.Partial), Stop);

        var final = await CreateFinalAsync(length, part, part);

        var found = await FindAsync(Reopened(), final.Id);
        Assert.Equal((UploadKind.Final, length, true), (found.Kind, found.Length, found.IsAwaitingParts));
        Assert.Equal([part.Id, part.Id], found.Parts.AsEnumerable());
    }

    [Theory]
    [InlineData(null)]
    [InlineData(150_001L)]
    public async Task Committed_parts_are_the_final_upload_and_the_parts_stay(long? length)
    {
        byte[] first = Bodies.Random(100_000, seed: 1), second = Bodies.Random(50_001, seed: 2);
        Upload[] parts = [await FinishedPartAsync(first), await FinishedPartAsync([]), await FinishedPartAsync(second)];
        var final = await CreateFinalAsync(length, parts);

        var whole = await JoinAsync(final, parts);

        byte[] expected = [.. first, .. second];
        Assert.Equal((150_001L, 150_001L, false), (whole.Length, whole.Offset, whole.IsAwaitingParts));
        await Store.FinishAsync(whole, Stop);
        Assert.Equal(expected, await ReadFinishedAsync(final.Id));
        var found = await FindAsync(Reopened(), final.Id);
        Assert.True(found.IsComplete);
        Assert.Equal(Crc32C.Append(0, expected), (await Reopened().FinishAsync(found, Stop)).Crc32C);
        Assert.Equal(final.Metadata.ToHeader(), found.Metadata.ToHeader());
        Assert.True((await FindAsync(Store, parts[2].Id)).IsComplete);
    }

    [Fact]
    public async Task Parts_without_bytes_make_a_final_upload_without_bytes()
    {
        var part = await FinishedPartAsync([]);
        var final = await CreateFinalAsync(null, part);

        await Store.FinishAsync(await JoinAsync(final, part), Stop);

        Assert.True((await FindAsync(Reopened(), final.Id)).IsComplete);
        Assert.Empty(await ReadFinishedAsync(final.Id));
    }

    [Fact]
    public async Task Copied_parts_that_are_not_committed_change_nothing()
    {
        var part = await FinishedPartAsync("part"u8.ToArray());
        var final = await CreateFinalAsync(4, part);

        await using (await Joins.CopyPartsAsync(final, [part], Stop))
            Assert.True((await FindAsync(Store, final.Id)).IsAwaitingParts);

        Assert.True((await FindAsync(Reopened(), final.Id)).IsAwaitingParts);
        await Store.FinishAsync(await JoinAsync(final, part), Stop);
        Assert.Equal("part", Encoding.ASCII.GetString(await ReadFinishedAsync(final.Id)));
    }

    [Fact]
    public async Task A_final_upload_that_was_deleted_meanwhile_does_not_come_back()
    {
        var part = await FinishedPartAsync("part"u8.ToArray());
        var final = await CreateFinalAsync(4, part);
        await using var joined = await Joins.CopyPartsAsync(final, [part], Stop);

        await ((ITerminationStore)Store).DeleteAsync(final, Stop);

        await Assert.ThrowsAnyAsync<IOException>(() => joined.CommitAsync(Stop).AsTask());
        Assert.Null(await Reopened().FindAsync(final.Id, Stop));
    }

    [Fact]
    public async Task Parts_that_have_gone_or_are_not_complete_are_not_copied()
    {
        var gone = await FinishedPartAsync("gone"u8.ToArray());
        await ((ITerminationStore)Store).DeleteAsync(gone, Stop);
        var unfinished = await Store.CreateAsync(NewUpload(4, kind: UploadKind.Partial), Stop);
        var final = await CreateFinalAsync(4, unfinished);

        await Assert.ThrowsAnyAsync<IOException>(() => Joins.CopyPartsAsync(final, [gone], Stop).AsTask());
        await Assert.ThrowsAnyAsync<IOException>(() => Joins.CopyPartsAsync(final, [unfinished], Stop).AsTask());

        Assert.True((await FindAsync(Store, final.Id)).IsAwaitingParts);
    }

    [Fact]
    public async Task A_copy_that_is_stopped_leaves_the_final_upload_waiting()
    {
        var part = await FinishedPartAsync("part"u8.ToArray());
        var final = await CreateFinalAsync(4, part);
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Joins.CopyPartsAsync(final, [part], stopped.Token).AsTask());

        Assert.True((await FindAsync(Reopened(), final.Id)).IsAwaitingParts);
    }

    private IPendingConcatenationStore Joins => (IPendingConcatenationStore)Store;

    private async Task<Upload> CreateFinalAsync(long? length, params Upload[] parts) => await Store.CreateAsync(
        NewUpload(length, "k aGk=", UploadKind.Final) with { Parts = [.. parts.Select(part => part.Id)] }, Stop);

    private async Task<Upload> JoinAsync(Upload final, params Upload[] parts)
    {
        await using var joined = await Joins.CopyPartsAsync(final with { Length = parts.Sum(part => part.Offset) }, parts, Stop);
        return await joined.CommitAsync(Stop);
    }
}
