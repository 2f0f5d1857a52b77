using Dex.Tus.Stores;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>An upload's files as they were at one moment.</summary>
/// <param name="Record">What the record says.</param>
/// <param name="DataPath">Where the data is.</param>
/// <param name="Data">The data file; its size may be more than counts.</param>
/// <param name="Progress">Marks and running checksum, if there are any.</param>
/// <param name="Offset">How much of the data counts.</param>
internal sealed record StoredUpload(UploadRecord Record, string DataPath, FileStatus Data, UploadProgress? Progress, long Offset)
{
    public uint? Crc32C => Offset == 0 ? 0u : Progress?.CrcAt(Offset);

    public Upload ToUpload() => new()
    {
        Id = Record.Id,
        Length = Record.Length,
        Offset = Offset,
        Metadata = Record.Metadata,
        Kind = Record.Kind,
        Parts = Record.Parts,
        Digests = Record.Digests,
        Crc32C = Crc32C,
        ModifiedAt = Data.ModifiedAt,
        StoreState = this,
    };
}

/// <summary>Finds uploads, those of the predecessor too. Changes nothing.</summary>
internal sealed class StoredUploads(UploadFolder folder, UploadRecords records, TrustedOffsets trusted)
{
    /// <summary>Null if record or data is missing.</summary>
    public StoredUpload? Find(string uploadId)
    {
        if (!UploadFolder.IsId(uploadId) || records.Find(uploadId) is not { } record)
            return null;

        var path = folder.DataPath(uploadId);
        var data = Posix.Stat(path);
        if (data is null && FindElsewhere(record) is { } elsewhere)
            (path, data) = (elsewhere, Posix.Stat(elsewhere));
        if (data is not { } status)
            return null;
        if (!status.IsRegular)
            throw new InvalidDataException($"{path} is not a file");

        var progress = status.Size == 0 ? null : UploadProgress.Read(folder.ProgressPath(uploadId));
        return new StoredUpload(record, path, status, progress, trusted.Find(record, path, status, progress));
    }

    // A record may name another place, but nothing outside the base folder and no other upload's files.
    private string? FindElsewhere(UploadRecord record)
    {
        if (!record.Storage.TryGetValue("Path", out var named) || named.Length == 0 || named.Contains('\0', StringComparison.Ordinal)
            || Posix.RealPath(named) is not { } path
            || Posix.RealPath(folder.BaseFolder) is not { } baseFolder
            || Posix.RealPath(folder.Path) is not { } uploads)
            return null;
        return path.StartsWith(baseFolder + "/", StringComparison.Ordinal) && !path.StartsWith(uploads + "/", StringComparison.Ordinal) ? path : null;
    }
}
