using Dex.Testing;
using Dex.Tus.Stores;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Tests.Storage;

public abstract class FileSystemContract : PendingConcatenationContract, IDisposable
{
    private readonly FileStoreFolder _folder = new();

    private protected FileSystemContract(UploadDurability durability)
    {
        _folder.Durability = durability;
        Store = _folder.Open();
    }

    protected override IUploadStore Store { get; }

    protected override IUploadStore Reopened() => _folder.Open();

    protected override Task<byte[]> ReadFinishedAsync(string uploadId) => File.ReadAllBytesAsync(_folder.PathOf(uploadId), Stop);

    public void Dispose() => _folder.Dispose();
}

public sealed class FileSystemUploadStoreTests() : FileSystemContract(UploadDurability.Final);

public sealed class FileSystemUploadStoreFlushingEveryOffsetTests() : FileSystemContract(UploadDurability.Every);

public sealed class FileSystemUploadStoreNeverFlushingTests() : FileSystemContract(UploadDurability.None);
