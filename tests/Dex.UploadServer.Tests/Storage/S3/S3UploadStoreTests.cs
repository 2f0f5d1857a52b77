using Dex.Testing;
using Dex.Tus.Stores;

namespace Dex.UploadServer.Tests.Storage.S3;

public sealed class S3UploadStoreTests : PendingConcatenationContract, IClassFixture<ObjectStoreService>, IDisposable
{
    private readonly S3StoreRig _rig;

    public S3UploadStoreTests(ObjectStoreService service)
    {
        _rig = new S3StoreRig(service);
        Store = _rig.Open();
    }

    protected override IUploadStore Store { get; }

    protected override IUploadStore Reopened() => _rig.Open();

    protected override Task<byte[]> ReadFinishedAsync(string uploadId) => _rig.ReadAsync(uploadId);

    public void Dispose() => _rig.Dispose();
}

public sealed class S3ExpirationTests : ExpirationContract, IClassFixture<ObjectStoreService>, IDisposable
{
    private readonly S3StoreRig _rig;

    public S3ExpirationTests(ObjectStoreService service)
    {
        _rig = new S3StoreRig(service);
        Store = _rig.Open();
        Leftovers = _rig.OpenLeftovers();
    }

    protected override IUploadStore Store { get; }

    protected override ILeftoverStore Leftovers { get; }

    protected override IUploadStore Reopened() => _rig.Open();

    public void Dispose() => _rig.Dispose();
}
