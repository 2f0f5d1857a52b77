using System.Collections.Immutable;
using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Finished uploads in the upload folder, as deliveries read them (spec: delivery.md 4, storage-layout.md 2).</summary>
/// <param name="baseFolder">The file backend's base folder.</param>
/// <param name="prefix">Folder of the uploads below it.</param>
internal sealed class FileSystemSource(string baseFolder, string prefix) : IDeliverySource
{
    private readonly string _folder = Path.Combine(baseFolder, prefix);

    public string NotFoundMessage => "source file does not exist";

    public ValueTask<SourceFile?> FindAsync(string uploadId, FinishedUpload? finished, CancellationToken cancellationToken)
    {
        // Also keeps side files from passing as uploads.
        if (!Guid.TryParseExact(uploadId, "D", out _))
            return ValueTask.FromResult<SourceFile?>(null);

        var path = Path.Combine(_folder, uploadId);
        if (Posix.Stat(path) is not { IsRegular: true } data)
            return ValueTask.FromResult<SourceFile?>(null);
        if (finished is not null)
            return ValueTask.FromResult<SourceFile?>(new LocalSourceFile(path) { UploadId = uploadId, Length = data.Size, Metadata = finished.Metadata });
        if (ReadMetadata(path, data.Size) is not { } metadata || RecordVerdict.Read(path + ".info", data.Size) is not { IsUnfinished: false } verdict)
            return ValueTask.FromResult<SourceFile?>(null);
        return ValueTask.FromResult<SourceFile?>(new LocalSourceFile(path)
        {
            UploadId = uploadId,
            Length = data.Size,
            Metadata = metadata,
            Rejection = verdict.Complaint,
        });
    }

    /// <summary>The side file of metadata, which only a finished upload has; where it is missing or torn, what the record of a finished upload says.</summary>
    private static ImmutableSortedDictionary<string, string>? ReadMetadata(string path, long length) =>
        MetadataFile.Read(path + ".meta") ?? MetadataFile.ReadFromRecord(path + ".info", length);

    private sealed class LocalSourceFile(string path) : SourceFile
    {
        public override string? LocalPath => path;

        public override ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) =>
            ValueTask.FromResult<Stream>(new ExactLengthStream(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0), Length));
    }
}
