
namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>The <c>.info</c> files of a folder. Those of uploads in progress are read once.</summary>
internal sealed class UploadRecords(UploadFolder folder)
{
    private const int LargestRemembered = 8 * 1024;
    private readonly FileMemo<UploadRecord> _memo = new();

    /// <summary>Null if there is none.</summary>
    /// <exception cref="InvalidDataException">It cannot be read, and stays where it is.</exception>
    public UploadRecord? Find(string uploadId)
    {
        var path = folder.RecordPath(uploadId);
        if (Posix.Stat(path) is not { } status)
            return null;
        if (_memo.TryFind(uploadId, status, out var known))
            return known;
        if (!status.IsRegular || status.Size > UploadRecordJson.MaxBytes)
            throw new InvalidDataException($"{path} is no upload's record");

        using var file = Posix.OpenToRead(path);
        if (file is null)
            return null;

        // Asked of the open file: the name may have got a longer record since.
        var length = RandomAccess.GetLength(file);
        if (length > UploadRecordJson.MaxBytes)
            throw new InvalidDataException($"{path} is no upload's record");
        var bytes = new byte[(int)length];
        var read = RandomAccess.Read(file, bytes, 0);
        var record = UploadRecordJson.Read(bytes.AsMemory(0, read));
        if (record.Id != uploadId)
            throw new InvalidDataException($"{path} is the record of another upload");
        Remember(record, status);
        return record;
    }

    /// <summary>Writes a record in place of the old one, if there is one.</summary>
    public async ValueTask SaveAsync(UploadRecord record)
    {
        await folder.ReplaceAsync(record.Id, UploadFolder.RecordSuffix, UploadRecordJson.Write(record));
        if (Posix.Stat(folder.RecordPath(record.Id)) is { } status)
            Remember(record, status);
    }

    public void Delete(string uploadId)
    {
        _memo.Forget(uploadId);
        Posix.Delete(folder.RecordPath(uploadId));
    }

    /// <summary>Nobody will ask for this upload often any more.</summary>
    public void Forget(string uploadId) => _memo.Forget(uploadId);

    private void Remember(UploadRecord record, FileStatus status)
    {
        if (status.Size <= LargestRemembered)
            _memo.Keep(record.Id, status, record);
    }
}
