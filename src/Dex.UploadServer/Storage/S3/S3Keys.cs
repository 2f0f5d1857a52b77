using Dex.Tus.Wire;

namespace Dex.UploadServer.Storage.S3;

/// <summary>The names of an upload's objects (spec: storage-layout.md 3).</summary>
internal sealed record S3Keys(string Bucket, string Prefix)
{
    private const string RecordSuffix = ".info";
    private const string TailSuffix = ".part";
    private const int IdLength = 36;

    /// <summary>What all of them begin with.</summary>
    public string Folder => $"{Prefix}/";

    public string Data(string uploadId) => Folder + uploadId;

    public string Record(string uploadId) => Folder + uploadId + RecordSuffix;

    public string Tail(string uploadId) => Folder + uploadId + TailSuffix;

    /// <summary>Which object of which upload a key names; null if it is none of ours.</summary>
    public (string UploadId, S3ObjectRole Role)? Parse(string key)
    {
        if (!key.StartsWith(Folder, StringComparison.Ordinal) || key.Length < Folder.Length + IdLength
            || !UploadId.IsValid(key.AsSpan(Folder.Length, IdLength)))
            return null;
        S3ObjectRole? role = key[(Folder.Length + IdLength)..] switch
        {
            "" => S3ObjectRole.Data,
            RecordSuffix => S3ObjectRole.Record,
            TailSuffix => S3ObjectRole.Tail,
            _ => null,
        };
        return role is { } known ? (key.Substring(Folder.Length, IdLength), known) : null;
    }

    /// <summary>The id a record bears: that of the upload, and of the multipart upload that takes its bytes.</summary>
    public static string LongId(string uploadId, string multipartId) => $"{uploadId}+{multipartId}";

    /// <summary>The upload's id in a record's, which the predecessor also uses for the parts of a final upload.</summary>
    public static string ShortId(string longId) => longId.IndexOf('+', StringComparison.Ordinal) is >= 0 and var plus ? longId[..plus] : longId;

    /// <summary>The multipart upload's id in a record's; null if there is none in it.</summary>
    public static string? MultipartId(string longId) =>
        longId.IndexOf('+', StringComparison.Ordinal) is >= 0 and var plus && plus + 1 < longId.Length ? longId[(plus + 1)..] : null;
}

/// <summary>What an object is to its upload.</summary>
internal enum S3ObjectRole
{
    Data,
    Record,
    Tail,
}
