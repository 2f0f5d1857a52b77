namespace Dex.UploadServer.Reports;

/// <summary>Names of the stages an upload passes, as reports and their files carry them (spec: reports-and-events.md 1).</summary>
internal static class ReportTypes
{
    public const string MetadataTransform = "metadata-transform";
    public const string MetadataVerify = "metadata-verify";
    public const string UploadStarted = "upload-started";
    public const string UploadStatus = "upload-status";
    public const string UploadCompleted = "upload-completed";
    public const string FileCopy = "blob-file-copy";
}
