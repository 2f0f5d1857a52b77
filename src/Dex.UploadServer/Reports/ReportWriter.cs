using System.Collections.Immutable;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Manifests;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Reports;

/// <summary>The reports of each stage (spec: reports-and-events.md 3).</summary>
internal sealed partial class ReportWriter(BuildInfo build, TimeProvider clock, IOptions<ReportOptions> options, ILogger<ReportWriter> logger) : IReportWriter
{
    private readonly string _version = build.Version;
    private readonly ReportBuffers _buffers = new();

    public OutboxMessage MetadataTransform(string uploadId, ImmutableSortedDictionary<string, string> manifest, string ingestedAt) =>
        Finish(Begin(ReportTypes.MetadataTransform, uploadId, manifest, content => content.Transforms("transforms",
        [
            ("update", "ID", uploadId),
            ("append", ManifestKeys.IngestedAt, ingestedAt),
            ("append", ManifestKeys.UploadId, uploadId),
        ])));

    public OutboxMessage MetadataVerify(
        string uploadId,
        ImmutableSortedDictionary<string, string> manifest,
        IReadOnlyList<string> problems,
        DateTimeOffset startedAt,
        DateTimeOffset endedAt) =>
        Finish(new Report(ReportTypes.MetadataVerify, uploadId, manifest, startedAt, endedAt)
        {
            Succeeded = problems.Count == 0,
            Issues = problems.Count == 0 ? [] : [new AttemptIssue("ERROR", string.Join('\n', problems))],
            HideInIssue = ReportRedaction.HideQuotedValues,
            WriteContent = static content =>
            {
                content.FileName("filename");
                content.Manifest("metadata");
            },
        });

    public OutboxMessage UploadStarted(string uploadId, ImmutableSortedDictionary<string, string> manifest) =>
        Finish(Begin(ReportTypes.UploadStarted, uploadId, manifest, WriteSuccess));

    public OutboxMessage UploadStatus(string uploadId, ImmutableSortedDictionary<string, string> manifest, long offset, long? length) =>
        Finish(Begin(ReportTypes.UploadStatus, uploadId, manifest, content =>
        {
            content.FileName("filename");
            content.Text("tguid", uploadId);
            content.Number("offset", offset);
            content.Number("size", length ?? 0);
        }, replaces: true));

    public OutboxMessage UploadCompleted(string uploadId, ImmutableSortedDictionary<string, string> manifest) =>
        Finish(Begin(ReportTypes.UploadCompleted, uploadId, manifest, WriteSuccess));

    public OutboxMessage UploadRejected(string uploadId, ImmutableSortedDictionary<string, string> manifest, string complaint) =>
        Finish(Begin(ReportTypes.UploadCompleted, uploadId, manifest, static content => content.Text("status", "FAILURE")) with
        {
            Succeeded = false,
            Issues = [new AttemptIssue("ERROR", complaint)],
            HideInIssue = static complaint => complaint.Split(':')[0], // the declared digest is a value of the manifest
        });

    public OutboxMessage FileCopy(
        DeliveryRecord delivery, ImmutableSortedDictionary<string, string> manifest, DeliveryAttempt attempt, DateTimeOffset startedAt) =>
        Finish(new Report(ReportTypes.FileCopy, delivery.UploadId, manifest, startedAt, attempt.EndedAt)
        {
            Succeeded = attempt.Succeeded,
            Issues = attempt.Issues,
            HideInIssue = reason => ReportRedaction.HidePath(reason, delivery.Path),
            WriteContent = content =>
            {
                content.Text("file_source_blob_url", delivery.SourceUrl);
                content.Location("file_destination_blob_url", attempt.Location);
                content.Text("destination_name", delivery.Target);
            },
        });

    private static void WriteSuccess(ReportJsonWriter content) => content.Text("status", "SUCCESS");

    private Report Begin(string type, string uploadId, ImmutableSortedDictionary<string, string> manifest, Action<ReportJsonWriter> content, bool replaces = false)
    {
        var now = clock.GetUtcNow();
        return new Report(type, uploadId, manifest, now, now) { WriteContent = content, Replaces = replaces };
    }

    private OutboxMessage Finish(Report report)
    {
        using var buffer = _buffers.Take();
        var json = buffer.Write(report, _version, hideValues: false).ToArray();
        if (logger.IsEnabled(LogLevel.Information))
            Log(report, new RawJson(options.Value.LogManifestValues ? json : buffer.Write(report, _version, hideValues: true)));
        return new OutboxMessage(MessageKind.Report, report.UploadId, report.Type, json);
    }

    // A log line's text is fixed at compile time, so each type has its own.
    private void Log(Report report, RawJson json)
    {
        switch (report.Type)
        {
            case ReportTypes.MetadataTransform:
                LogMetadataTransform(report.UploadId, json);
                break;
            case ReportTypes.MetadataVerify:
                LogMetadataVerify(report.UploadId, json);
                break;
            case ReportTypes.UploadStarted:
                LogUploadStarted(report.UploadId, json);
                break;
            case ReportTypes.UploadStatus:
                LogUploadStatus(report.UploadId, json);
                break;
            case ReportTypes.UploadCompleted:
                LogUploadCompleted(report.UploadId, json);
                break;
            case ReportTypes.FileCopy:
                LogFileCopy(report.UploadId, json);
                break;
        }
    }

    [LoggerMessage(LogLevel.Information, "REPORT metadata-transform {uploadId}{report}")]
    private partial void LogMetadataTransform(string uploadId, RawJson report);

    [LoggerMessage(LogLevel.Information, "REPORT metadata-verify {uploadId}{report}")]
    private partial void LogMetadataVerify(string uploadId, RawJson report);

    [LoggerMessage(LogLevel.Information, "REPORT upload-started {uploadId}{report}")]
    private partial void LogUploadStarted(string uploadId, RawJson report);

    [LoggerMessage(LogLevel.Information, "REPORT upload-status {uploadId}{report}")]
    private partial void LogUploadStatus(string uploadId, RawJson report);

    [LoggerMessage(LogLevel.Information, "REPORT upload-completed {uploadId}{report}")]
    private partial void LogUploadCompleted(string uploadId, RawJson report);

    [LoggerMessage(LogLevel.Information, "REPORT blob-file-copy {uploadId}{report}")]
    private partial void LogFileCopy(string uploadId, RawJson report);
}
