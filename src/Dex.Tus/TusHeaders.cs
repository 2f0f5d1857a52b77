namespace Dex.Tus;

/// <summary>Header names and fixed values of tus 1.0 and its extensions, as on the wire.</summary>
public static class TusHeaders
{
    public const string Resumable = "Tus-Resumable";
    public const string Version = "Tus-Version";
    public const string Extension = "Tus-Extension";
    public const string MaxSize = "Tus-Max-Size";
    public const string UploadOffset = "Upload-Offset";
    public const string UploadLength = "Upload-Length";
    public const string UploadDeferLength = "Upload-Defer-Length";
    public const string UploadMetadata = "Upload-Metadata";
    public const string UploadConcat = "Upload-Concat";
    public const string UploadComplete = "Upload-Complete";
    public const string UploadIncomplete = "Upload-Incomplete";
    public const string UploadLimit = "Upload-Limit";
    public const string InteropVersion = "Upload-Draft-Interop-Version";
    public const string ChecksumAlgorithm = "Tus-Checksum-Algorithm";
    public const string MethodOverride = "X-HTTP-Method-Override";

    /// <summary>The one version of tus 1.0 there is.</summary>
    public const string SupportedVersion = "1.0.0";

    /// <summary>Content type of appended bytes.</summary>
    public const string OffsetStream = "application/offset+octet-stream";
}
