using System.Collections.Concurrent;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Remembers what was found out about a file for as long as the file stays as it was.</summary>
/// <remarks>Bounded in the plainest way: when it is full it forgets everything.</remarks>
internal sealed class FileMemo<T>
{
    private const int Capacity = 4096;
    private readonly ConcurrentDictionary<string, (FileStatus Status, T Value)> _values = new(StringComparer.Ordinal);

    public bool TryFind(string uploadId, FileStatus status, out T value)
    {
        var found = _values.TryGetValue(uploadId, out var known) && known.Status == status;
        value = known.Value;
        return found;
    }

    public void Keep(string uploadId, FileStatus status, T value)
    {
        if (_values.Count >= Capacity)
            _values.Clear();
        _values[uploadId] = (status, value);
    }

    public void Forget(string uploadId) => _values.TryRemove(uploadId, out _);
}
