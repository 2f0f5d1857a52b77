using Dex.Testing;
using Dex.Tus.Stores;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>15 GiB in PATCHes of 64 KiB through the real store (spec: tus.md S31, S33, S34, reliability.md U7), with every size divided by 64 Ki: a PATCH is a byte.</summary>
public sealed class S3SmallPatchTests : IDisposable
{
    private const int Unit = 64 * 1024;
    private const int Patches = (15 << 20) / 64; // 15 GiB
    private const int Least = (5 << 20) / Unit;
    private const int Usual = (8 << 20) / Unit;
    private const int Most = (64 << 20) / Unit;

    private readonly S3InMemory _s3 = new();
    private readonly PartArrays _arrays = new(TimeProvider.System);
    private readonly S3Connection _connection;
    private readonly S3UploadStore _store;

    public S3SmallPatchTests()
    {
        var retry = new StoreRetry(Options.Create(new StoreCallOptions()), TimeProvider.System, () => 0);
        _connection = new S3Connection(new S3Account(new Uri("http://localhost"), S3Account.FallbackRegion), _s3, retry, TimeProvider.System);
        _store = new S3UploadStore(
            _connection, new UploadKeys("bucket", "prefix"), conditional: true,
            new PartWriting(new PartPool(_arrays, 128L << 20), new PartSizes(Least, Usual, Most, S3UploadParts.MostParts), 4, TimeProvider.System));
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _connection.Dispose();
        _arrays.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("S31", "S33", "S34")]
    public async Task S31_S33_S34_fifteen_GiB_in_64_KiB_fit_into_the_parts_there_are_and_no_tail_grows_beyond_one(bool deferred)
    {
        var content = Bodies.Random(Patches);
        var upload = await _store.CreateAsync(
            new NewUpload { Id = Guid.NewGuid().ToString(), Length = deferred ? null : Patches, Metadata = UploadMetadata.Empty }, Stop);

        for (var patch = 0; patch < Patches; patch++)
        {
            using var body = await Bodies.OfAsync(Patches - patch, content[patch..(patch + 1)]);
            upload = await _store.AppendAsync(upload, body, Stop);
            Assert.Equal(patch + 1, upload.Offset);
        }

        var (calls, written, parts) = (_s3.Calls, _s3.ObjectBytesWritten, _s3.Parts.Select(part => part.Length).ToArray());
        if (deferred)
            upload = await _store.DeclareLengthAsync(upload, Patches, Stop);
        await _store.FinishAsync(upload, Stop);

        Assert.Equal(content, _s3.Object($"prefix/{upload.Id}"));
        Assert.InRange(parts.Length, 1, S3UploadParts.MostParts);
        Assert.All(parts[..^1], length => Assert.InRange(length, Least, Most));
        Assert.InRange(calls, Patches, (3 * Patches) + 10); // the tail is read, a part or a tail is written
        Assert.InRange(written, 0, (long)Patches * parts.Max() / 2); // each tail is shorter than a part, however long the upload is
    }
}
