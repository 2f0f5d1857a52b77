using Dex.Tus.Stores;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>The whole, flushed content of a final upload under a temporary name; removed when disposed, unless it got its own.</summary>
internal sealed class JoinedFile(string temporaryPath, long length, uint crc) : IDisposable
{
    private bool _moved;

    /// <summary>Bytes.</summary>
    public long Length { get; } = length;

    public uint Crc32C { get; } = crc;

    /// <summary>Gives it the name of the upload's data, in place of what is there.</summary>
    public void MoveTo(string path)
    {
        Posix.Rename(temporaryPath, path);
        _moved = true;
    }

    public void Dispose()
    {
        if (!_moved)
            Posix.Delete(temporaryPath);
    }
}

/// <summary>Joined parts that wait to become the data of a final upload that exists already.</summary>
internal sealed class PendingJoin(JoinedFile joined, Func<JoinedFile, ValueTask<Upload>> commit) : IJoinedParts
{
    public ValueTask<Upload> CommitAsync(CancellationToken cancellationToken) => commit(joined);

    public ValueTask DisposeAsync()
    {
        joined.Dispose();
        return ValueTask.CompletedTask;
    }
}
