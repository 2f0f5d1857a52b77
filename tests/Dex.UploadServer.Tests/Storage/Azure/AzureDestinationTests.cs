using Dex.Testing;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Tests.Delivery;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>A container as target, fed from a stream.</summary>
public class AzureDestinationTests(AzureService store) : DestinationContract, IClassFixture<AzureService>, IDisposable
{
    private readonly Lazy<AzureTargetRig> _rig = new(() => new AzureTargetRig(store));

    internal override IDeliveryDestination Destination => _rig.Value.Destination;

    public void Dispose()
    {
        if (_rig.IsValueCreated)
            _rig.Value.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_location_is_the_address_as_people_write_it()
    {
        await using var source = NewSource(Bytes(10));

        var delivered = await DeliverAsync(source, "2025/a + ü%20.csv");

        Assert.Equal($"{store.Endpoint.AbsoluteUri}/{store.Container}/2025/a + ü%20.csv", delivered.Location);
    }

    protected override Task<byte[]?> ReadAsync(string path) => _rig.Value.ReadAsync(path);

    // Blocks that are not committed cannot be removed: nobody sees them, and they go by themselves.
    protected override Task<IReadOnlyList<string>> LeftoversAsync() => Task.FromResult<IReadOnlyList<string>>([]);
}

/// <summary>A container as target, fed from a file on this machine.</summary>
public sealed class AzureDestinationFromLocalFileTests(AzureService store) : AzureDestinationTests(store)
{
    private readonly TemporaryFolder _folder = new();
    private int _files;

    internal override SourceFile NewSource(byte[] content, long? length = null, uint? crc32C = null) =>
        new TestLocalFile(_folder.File($"source-{Interlocked.Increment(ref _files)}"), content, length, crc32C);
}
