using Dex.Tus.Stores;
using Xunit;

namespace Dex.Testing;

/// <summary>What every store does whose uploads can expire and whose leftovers can be removed (spec: tus.md 8, storage-layout.md 9.8).</summary>
public abstract class ExpirationContract
{
    protected abstract IUploadStore Store { get; }

    protected abstract ILeftoverStore Leftovers { get; }

    /// <summary>The store as a server finds it that starts now over the same uploads.</summary>
    protected abstract IUploadStore Reopened();

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [Rule("EX3", "SH3")]
    public async Task EX3_SH3_the_time_of_an_upload_is_what_was_set_to_the_tick_and_survives_a_start(int bytes)
    {
        var upload = await CreatedAsync(UploadKind.Whole, bytes);
        var time = new DateTimeOffset(2031, 2, 3, 4, 5, 6, TimeSpan.Zero).AddTicks(1_234_567);

        var touched = await ((IExpirationStore)Store).TouchAsync(upload, time, Stop);

        var found = await Reopened().FindAsync(upload.Id, Stop);
        Assert.Equal((time, bytes), (touched.ModifiedAt, touched.Offset));
        Assert.Equal((time, bytes, upload.Crc32C), (found?.ModifiedAt, found?.Offset, found?.Crc32C));
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_a_byte_stored_later_counts_as_later()
    {
        var upload = await CreatedAsync(UploadKind.Whole, 2);
        var before = DateTimeOffset.UtcNow.AddDays(-1);
        upload = await ((IExpirationStore)Store).TouchAsync(upload, before, Stop);

        using var body = await Bodies.OfAsync(1, "x"u8.ToArray());
        await Store.AppendAsync(upload, body, Stop);

        Assert.True((await Reopened().FindAsync(upload.Id, Stop))?.ModifiedAt > before.AddHours(23));
    }

    [Fact]
    public async Task The_time_of_an_upload_that_is_gone_cannot_be_set()
    {
        var upload = await CreatedAsync(UploadKind.Whole, 2);
        await ((ITerminationStore)Store).DeleteAsync(upload, Stop);

        await Assert.ThrowsAnyAsync<IOException>(() => ((IExpirationStore)Store).TouchAsync(upload, DateTimeOffset.UtcNow, Stop).AsTask());
    }

    [Fact]
    public async Task No_upload_in_whatever_state_is_a_leftover()
    {
        await CreatedAsync(UploadKind.Whole, 0);
        await CreatedAsync(UploadKind.Whole, 3);
        await CreatedAsync(UploadKind.Whole, 5);
        var whole = await CreatedAsync(UploadKind.Whole, 5);
        var part = await CreatedAsync(UploadKind.Partial, 5);
        await Store.FinishAsync(whole, Stop);
        await Store.FinishAsync(part, Stop);
        var gone = await CreatedAsync(UploadKind.Whole, 3);
        await ((ITerminationStore)Store).DeleteAsync(gone, Stop);

        Assert.Empty(await Leftovers.ListLeftoversAsync(DateTimeOffset.MaxValue, Stop).ToListAsync(Stop));
    }

    [Fact]
    [Rule("EX3")]
    public async Task EX3_of_finished_uploads_only_parts_are_among_the_unfinished()
    {
        var open = await CreatedAsync(UploadKind.Whole, 3);
        var whole = await CreatedAsync(UploadKind.Whole, 5);
        var part = await CreatedAsync(UploadKind.Partial, 5);
        await Store.FinishAsync(whole, Stop);
        await Store.FinishAsync(part, Stop);

        var listed = await ((IUploadInventory)Store).ListUnfinishedIdsAsync(Stop).ToListAsync(Stop);

        Assert.Equal(new[] { open.Id, part.Id }.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    /// <summary>An upload of five bytes.</summary>
    protected async Task<Upload> CreatedAsync(UploadKind kind, int bytes)
    {
        var upload = await Store.CreateAsync(new NewUpload { Id = Guid.NewGuid().ToString(), Length = 5, Metadata = UploadMetadata.Empty, Kind = kind }, Stop);
        if (bytes == 0)
            return upload;
        using var body = await Bodies.OfAsync(5, Bodies.Random(bytes));
        return await Store.AppendAsync(upload, body, Stop);
    }
}
