using Dex.Testing;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Tests.Delivery;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>A bucket as target, fed from a stream.</summary>
public class S3DestinationTests(ObjectStoreService store) : DestinationContract, IClassFixture<ObjectStoreService>, IDisposable
{
    private readonly Lazy<S3TargetRig> _rig = new(() => new S3TargetRig(store));

    internal override IDeliveryDestination Destination => _rig.Value.Destination;

    public void Dispose()
    {
        if (_rig.IsValueCreated)
            _rig.Value.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override Task<byte[]?> ReadAsync(string path) => _rig.Value.ReadAsync(path);

    protected override Task<IReadOnlyList<string>> LeftoversAsync() => _rig.Value.OpenUploadsAsync();
}

/// <summary>A bucket as target, fed from a file on this machine.</summary>
public sealed class S3DestinationFromLocalFileTests(ObjectStoreService store) : S3DestinationTests(store)
{
    private readonly TemporaryFolder _folder = new();
    private int _files;

    internal override SourceFile NewSource(byte[] content, long? length = null, uint? crc32C = null) =>
        new TestLocalFile(_folder.File($"source-{Interlocked.Increment(ref _files)}"), content, length, crc32C);

    [Fact]
    public async Task A_source_that_is_gone_is_not_the_targets_fault()
    {
        await using var source = NewSource(Bytes(10));
        File.Delete(source.LocalPath!);

        var error = await Assert.ThrowsAsync<DeliverySourceException>(() => DeliverAsync(source, "a.bin"));

        Assert.Equal("source file does not exist", error.Message);
    }
}
