using Dex.Testing;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>Many uploads that share little memory, and long ones with few blocks (spec: tus.md SA1, SA4, reliability.md U7, U9).</summary>
public sealed class AzureMemoryTests(AzureService service) : IClassFixture<AzureService>
{
    private const int Block = 256 << 10;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sixty_four_uploads_at_the_same_time_share_the_memory_of_eight_blocks()
    {
        using var rig = new AzureStoreRig(service) { Memory = new PartPool(new PartArrays(TimeProvider.System), 8 * Block), Sizes = new PartSizes(1, Block, Block, AzureUploadBlocks.MostBlocks) };
        var store = rig.Open();

        var uploads = await Task.WhenAll(Enumerable.Range(0, 64).Select(async i =>
        {
            var bytes = Bodies.Random((3 * Block) + i, seed: i);
            var upload = await store.CreateAsync(new NewUpload { Id = Guid.NewGuid().ToString(), Length = bytes.Length, Metadata = UploadMetadata.Empty }, Stop);
            using var body = await Bodies.OfAsync(bytes.Length, bytes);
            upload = await store.AppendAsync(upload, body, Stop);
            return (await store.FinishAsync(upload, Stop), bytes);
        }));

        Assert.Equal(0, rig.Memory.Used);
        foreach (var (upload, bytes) in uploads)
            Assert.Equal(bytes, await rig.ReadAsync(upload.Id));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("SA1", "SA4")]
    public void SA4_fifteen_gigabytes_in_pieces_of_64_kib_fit_into_the_blocks_there_are(bool isLengthKnown)
    {
        const long length = 15L << 30;
        const long piece = 64 << 10;
        var sizes = new PartSizes(piece, 8 << 20, 64 << 20, AzureUploadBlocks.MostBlocks);
        var (blocks, stored, tail, written) = (0, 0L, 0L, 0L);

        while (stored + tail < length)
        {
            tail += piece;
            written += tail;
            if (tail < sizes.Worthwhile(blocks, stored, isLengthKnown ? length : null))
                continue;
            (blocks, stored, tail) = (blocks + 1, stored + tail, 0);
        }

        Assert.InRange(blocks, 1, AzureUploadBlocks.MostBlocks);
        Assert.InRange(written, length, 12 * length); // what is in a tail is not written over and over
    }
}
