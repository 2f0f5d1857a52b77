using Dex.Tus.Wire;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>The names of an upload's objects (spec: storage-layout.md 3, 4).</summary>
/// <param name="Bucket">Or container.</param>
internal sealed record UploadKeys(string Bucket, string Prefix)
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
    public (string UploadId, UploadObjectRole Role)? Parse(string key)
    {
        if (!key.StartsWith(Folder, StringComparison.Ordinal) || key.Length < Folder.Length + IdLength
            || !UploadId.IsValid(key.AsSpan(Folder.Length, IdLength)))
            return null;
        UploadObjectRole? role = key[(Folder.Length + IdLength)..] switch
        {
            "" => UploadObjectRole.Data,
            RecordSuffix => UploadObjectRole.Record,
            TailSuffix => UploadObjectRole.Tail,
            _ => null,
        };
        return role is { } known ? (key.Substring(Folder.Length, IdLength), known) : null;
    }

    /// <summary>The upload's id in a record's, to which S3's appends, which the predecessor also uses for the parts of a final upload.</summary>
    public static string ShortId(string longId) => longId.IndexOf('+', StringComparison.Ordinal) is >= 0 and var plus ? longId[..plus] : longId;
}

/// <summary>What an object is to its upload.</summary>
internal enum UploadObjectRole
{
    Data,
    Record,
    Tail,
}
