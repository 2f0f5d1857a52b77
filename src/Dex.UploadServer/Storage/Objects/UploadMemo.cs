using System.Collections.Concurrent;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Remembers uploads as they were last seen, so that the next look need not list all their parts again.</summary>
/// <remarks>Bounded in the plainest way: when it is full it forgets everything.</remarks>
internal sealed class UploadMemo
{
    private const int MostUploads = 4096;
    private const int MostParts = 200_000;
    private readonly ConcurrentDictionary<string, StoredUpload> _uploads = new(StringComparer.Ordinal);
    private int _parts;

    public StoredUpload? Find(string uploadId) => _uploads.GetValueOrDefault(uploadId);

    public void Keep(StoredUpload upload)
    {
        if (_uploads.Count >= MostUploads || Volatile.Read(ref _parts) >= MostParts)
        {
            _uploads.Clear();
            Volatile.Write(ref _parts, 0);
        }

        var before = Find(upload.Id)?.Parts.Length ?? 0;
        _uploads[upload.Id] = upload;
        Interlocked.Add(ref _parts, upload.Parts.Length - before);
    }

    public void Forget(string uploadId)
    {
        if (_uploads.TryRemove(uploadId, out var upload))
            Interlocked.Add(ref _parts, -upload.Parts.Length);
    }
}
