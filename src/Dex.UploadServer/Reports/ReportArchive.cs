using System.Collections.Immutable;
using System.Text.Json;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;

namespace Dex.UploadServer.Reports;

/// <summary>Reads back what report and event files tell of an upload, for uploads that the ledger does not know (spec: reports-and-events.md 8 and 9.1).</summary>
internal sealed class ReportArchive(MessageFiles files)
{
    private const string FileReady = "FileReady";

    /// <exception cref="ArgumentException">The id cannot be part of a file name.</exception>
    /// <exception cref="IOException">A file exists and cannot be read.</exception>
    public async Task<ArchivedUpload> ReadAsync(string uploadId, CancellationToken cancellationToken)
    {
        var status = PathOf(uploadId, ReportTypes.UploadStatus);
        return new ArchivedUpload
        {
            CompletedAt = ChangedAt(PathOf(uploadId, ReportTypes.UploadCompleted)),
            StartedAt = ChangedAt(PathOf(uploadId, ReportTypes.UploadStarted)),
            StatusAt = ChangedAt(status),
            HighestOffset = await ReadHighestOffsetAsync(status, cancellationToken),
            Attempts = await ReadAttemptsAsync(PathOf(uploadId, ReportTypes.FileCopy), cancellationToken),
            Deliveries = await ReadDeliveriesAsync(files.PathOf(MessageKind.Event, uploadId, FileReady), cancellationToken),
        };
    }

    private static async Task<long?> ReadHighestOffsetAsync(string path, CancellationToken cancellationToken)
    {
        long? highest = null;
        await ReportLines.ReadAsync(path, report =>
        {
            if (Member(report, "content") is { } content && Member(content, "offset") is { ValueKind: JsonValueKind.Number } offset
                && offset.TryGetInt64(out var bytes) && bytes >= (highest ?? 0))
            {
                highest = bytes;
            }
        }, cancellationToken);
        return highest;
    }

    private static async Task<ImmutableArray<DeliveryAttempt>> ReadAttemptsAsync(string path, CancellationToken cancellationToken)
    {
        var attempts = ImmutableArray.CreateBuilder<DeliveryAttempt>();
        await ReportLines.ReadAsync(path, report =>
        {
            if (Member(report, "stage_info") is not { } stage || Member(report, "content") is not { } content
                || Text(stage, "status") is not { } status || Text(content, "destination_name") is not { } target
                || Member(stage, "end_processing_time") is not { ValueKind: JsonValueKind.String } end || !end.TryGetDateTimeOffset(out var endedAt))
            {
                return;
            }

            attempts.Add(new DeliveryAttempt
            {
                Target = target,
                Succeeded = status == "SUCCESS",
                Location = Text(content, "file_destination_blob_url") ?? "",
                EndedAt = endedAt,
                Issues = ReadIssues(stage),
            });
        }, cancellationToken);
        return attempts.ToImmutable();
    }

    private static ImmutableArray<AttemptIssue> ReadIssues(JsonElement stage) =>
        Member(stage, "issues") is { ValueKind: JsonValueKind.Array } issues
            ? [.. issues.EnumerateArray().Select(static issue => new AttemptIssue(Text(issue, "level") ?? "ERROR", Text(issue, "message") ?? ""))]
            : [];

    private static async Task<ImmutableArray<ArchivedDelivery>> ReadDeliveriesAsync(string path, CancellationToken cancellationToken)
    {
        var deliveries = ImmutableArray.CreateBuilder<ArchivedDelivery>();
        await ReportLines.ReadAsync(path, message =>
        {
            if (Text(message, "deliver_target") is { } target && Text(message, "path") is { } delivered)
                deliveries.Add(new ArchivedDelivery(target, delivered, Text(message, "src_url") ?? ""));
        }, cancellationToken);
        return deliveries.ToImmutable();
    }

    /// <summary>Keys are matched in any case, as events of a mixed fleet ask for.</summary>
    private static JsonElement? Member(JsonElement parent, string name)
    {
        if (parent.ValueKind != JsonValueKind.Object)
            return null;
        if (parent.TryGetProperty(name, out var exact))
            return exact;
        foreach (var member in parent.EnumerateObject())
        {
            if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return member.Value;
        }

        return null;
    }

    private static string? Text(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static DateTimeOffset? ChangedAt(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero) : null;
    }

    private string PathOf(string uploadId, string type) => files.PathOf(MessageKind.Report, uploadId, type);
}
