using Dex.Tus.Stores;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Says how much of an upload's data counts. After a power failure a file's size does not prove its content (spec: reliability.md D1).</summary>
internal sealed class TrustedOffsets(UploadFolder folder, BootIdentity boot)
{
    private readonly FileMemo<long> _verdicts = new();

    public long Find(UploadRecord record, string dataPath, FileStatus data, UploadProgress? progress)
    {
        // What the kernel took stays taken while it runs; another server's uploads and joined ones have no marks to go by.
        var writtenIn = progress?.Boot ?? record.Boot;
        if (writtenIn is null || writtenIn == boot.Id || data.Size == 0 || record.Kind == UploadKind.Final)
            return data.Size;
        if (_verdicts.TryFind(record.Id, data, out var known))
            return known;

        var verdict = Posix.Stat(folder.MetadataPath(record.Id)) is not null ? data.Size : Judge(dataPath, data.Size, progress);
        _verdicts.Keep(record.Id, data, verdict);
        return verdict;
    }

    private static long Judge(string dataPath, long size, UploadProgress? marks)
    {
        if (marks is not { } progress || size < progress.Flushed)
            return 0;

        // Bytes below the mark were flushed before it was set, so only those above it are in doubt.
        if (size < progress.Last)
            return progress.Flushed;
        using var file = Posix.OpenToRead(dataPath);
        if (file is null)
            return 0;
        var crc = DataChecksum.Read(file, progress.Flushed, progress.Last, progress.FlushedCrc, CancellationToken.None);
        return crc == progress.LastCrc ? progress.Last : progress.Flushed;
    }
}
