using Dex.Testing;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Tests.Storage.Azure;

public sealed class AzureUploadStoreTests : PendingConcatenationContract, IClassFixture<AzureService>, IDisposable
{
    private readonly AzureStoreRig _rig;

    public AzureUploadStoreTests(AzureService service)
    {
        _rig = new AzureStoreRig(service);
        Store = _rig.Open();
    }

    protected override IUploadStore Store { get; }

    protected override IUploadStore Reopened() => _rig.Open();

    protected override Task<byte[]> ReadFinishedAsync(string uploadId) => _rig.ReadAsync(uploadId);

    public void Dispose() => _rig.Dispose();
}

public sealed class AzureExpirationTests : ExpirationContract, IClassFixture<AzureService>, IDisposable
{
    private readonly AzureStoreRig _rig;

    public AzureExpirationTests(AzureService service)
    {
        _rig = new AzureStoreRig(service);
        Store = _rig.Open();
        Leftovers = _rig.OpenLeftovers();
    }

    protected override IUploadStore Store { get; }

    protected override ILeftoverStore Leftovers { get; }

    protected override IUploadStore Reopened() => _rig.Open();

    public void Dispose() => _rig.Dispose();
}
