using System.Text;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Reports;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Reports;

public sealed class ReportArchiveTests : IDisposable
{
    private const string Id = ReportSamples.UploadId;

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"archive-{Guid.NewGuid():N}");
    private readonly MessageFiles _files;
    private readonly ReportArchive _archive;

    public ReportArchiveTests()
    {
        Directory.CreateDirectory(_folder);
        _files = new MessageFiles(Options.Create(new MessagingOptions { ReportsFolder = _folder, EventsFolder = _folder }));
        _archive = new ReportArchive(_files);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_known_where_there_are_no_files()
    {
        var missing = new ReportArchive(new MessageFiles(Options.Create(new MessagingOptions { ReportsFolder = "/nowhere/at/all", EventsFolder = "/nowhere" })));

        Assert.True((await _archive.ReadAsync(Id, Stop)).IsEmpty);
        Assert.True((await missing.ReadAsync(Id, Stop)).IsEmpty);
    }

    [Fact]
    public async Task An_id_that_could_lead_out_of_the_folder_is_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(() => _archive.ReadAsync("../../../../../../../../../etc/passwd", Stop));

    [Fact]
    public async Task Our_own_reports_are_read_back()
    {
        var writer = ReportSamples.Writer();
        var issue = new AttemptIssue("ERROR", "target \"edav\" is away");
        Append(writer.UploadCompleted(Id, ReportSamples.Manifest));
        Append(writer.FileCopy(ReportSamples.Delivery(""), ReportSamples.Manifest, ReportSamples.Attempt("", issue), ReportSamples.CopyStarted));
        Append(writer.FileCopy(ReportSamples.Delivery(""), ReportSamples.Manifest, ReportSamples.Attempt("a/b"), ReportSamples.CopyStarted));
        File.SetLastWriteTimeUtc(_files.PathOf(MessageKind.Report, Id, "upload-completed"), new DateTime(2025, 1, 2, 3, 4, 5, DateTimeKind.Utc));

        var archived = await _archive.ReadAsync(Id, Stop);

        Assert.Equal(new DateTimeOffset(2025, 1, 2, 3, 4, 5, TimeSpan.Zero), archived.CompletedAt);
        Assert.Equal(
            [("edav", false, "", ReportSamples.CopyEnded), ("edav", true, "a/b", ReportSamples.CopyEnded)],
            archived.Attempts.Select(attempt => (attempt.Target, attempt.Succeeded, attempt.Location, attempt.EndedAt)));
        Assert.Equal([issue], archived.Attempts[0].Issues);
        Assert.Empty(archived.Attempts[1].Issues);
    }

    [Fact]
    public async Task The_highest_offset_counts_wherever_its_line_stands()
    {
        Write("upload-status", """
            {"content":{"offset":0}}
            {"content":{"offset":10240}}
            {"content":{"offset":5120}}
            {"content":{"offset":"99999"}}
            {"content":{"offset":1e400}}
            {"content":{"offset":-1}}
            {"content":7}

            """);

        var archived = await _archive.ReadAsync(Id, Stop);

        Assert.Equal(10240, archived.HighestOffset);
        Assert.NotNull(archived.StatusAt);
        Assert.Null(archived.CompletedAt);
    }

    [Fact]
    public async Task Hostile_lines_are_skipped_and_long_ones_are_read()
    {
        var reason = new string('x', 300_000);
        var good = $$$"""{"stage_info":{"status":"FAILURE","issues":[{"level":"ERROR","message":"{{{reason}}}"}],"end_processing_time":"2025-06-05T14:03:05.123456789Z"},"content":{"destination_name":"edav","file_destination_blob_url":""}}""";
        Write("blob-file-copy", string.Join('\n',
            "{\"stage_info\":{\"status\":\"SUCC",
            "",
            "null",
            "[1,2]",
            "\"text\"",
            "{}",
            new string('[', 5000),
            "{\"stage_info\":7,\"content\":[]}",
            "{\"stage_info\":{\"status\":1,\"end_processing_time\":true},\"content\":{\"destination_name\":null}}",
            "{\"stage_info\":{\"status\":\"SUCCESS\",\"end_processing_time\":\"yesterday\"},\"content\":{\"destination_name\":\"edav\"}}",
            "{\"stage_info\":{\"status\":\"\\ud800\",\"end_processing_time\":\"2025-06-05T14:03:05Z\"},\"content\":{\"destination_name\":\"edav\"}}",
            "\0\0\0\0",
            good,
            good + good,
            good));

        var attempts = (await _archive.ReadAsync(Id, Stop)).Attempts;

        Assert.Equal(2, attempts.Length);
        Assert.All(attempts, attempt => Assert.Equal(reason, Assert.Single(attempt.Issues).Message));
        Assert.Equal(1234567, attempts[0].EndedAt.Ticks % TimeSpan.TicksPerSecond);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_skipped()
    {
        await File.WriteAllBytesAsync(_files.PathOf(MessageKind.Report, Id, "upload-status"), [0xFF, 0xFE, (byte)'\n', .. "{\"content\":{\"offset\":3}}"u8], Stop);

        Assert.Equal(3, (await _archive.ReadAsync(Id, Stop)).HighestOffset);
    }

    [Fact]
    public async Task Events_tell_what_was_ordered_with_keys_in_any_case()
    {
        Write("FileReady", """
            {"id":"","type":"FileReady","retry_count":0,"upload_id":"x","src_url":"","path":"2025/a","deliver_target":"edav","Metadata":{}}
            {"UPLOAD_ID":"x","Src_Url":"x","Path":"2025/b","Deliver_Target":"ehdi"}
            {"path":"2025/c"}

            """);

        var archived = await _archive.ReadAsync(Id, Stop);

        Assert.Equal([new ArchivedDelivery("edav", "2025/a", ""), new ArchivedDelivery("ehdi", "2025/b", "x")], archived.Deliveries);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Append(OutboxMessage message) =>
        File.AppendAllText(_files.PathOf(message.Kind, message.UploadId, message.Type), Encoding.UTF8.GetString(message.Json.Span) + "\n");

    private void Write(string type, string text) => File.WriteAllText(_files.PathOf(MessageKind.Report, Id, type), text);
}
