using System.Text.Json;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>What an upload's record says of delivering it.</summary>
/// <param name="IsUnfinished">The bytes are not the whole upload, are a part of another, or have not been compared with their declared digest yet.</param>
/// <param name="Complaint">The bytes are not what their sender declared.</param>
internal sealed record RecordVerdict(bool IsUnfinished, string? Complaint)
{
    private static readonly RecordVerdict Nothing = new(false, null);
    private static readonly RecordVerdict Unfinished = new(true, null);

    /// <summary>A record that is missing or cannot be read says nothing.</summary>
    public static RecordVerdict Read(string path, long storedBytes) => MetadataFile.Read(path, record =>
    {
        if (record.ValueKind != JsonValueKind.Object)
            return Nothing;
        return MetadataFile.IsFinished(record, storedBytes) ? Judge(record) : Unfinished;
    }) ?? Nothing;

    private static RecordVerdict Judge(JsonElement record)
    {
        try
        {
            var digests = UploadRecordJson.ReadDigests(record);
            return digests is null ? Nothing : new RecordVerdict(digests.IsPending, digests.Complaint);
        }
        catch (Exception error) when (error is FormatException or InvalidOperationException)
        {
            return Unfinished; // something was declared, and nobody can say whether it is true
        }
    }
}
