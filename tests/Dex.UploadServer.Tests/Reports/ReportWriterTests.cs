using System.Collections.Immutable;
using System.Text;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Tests.Reports;

/// <summary>Each report against the whole line that readers expect.</summary>
public sealed class ReportWriterTests
{
    private static readonly DateTimeOffset VerifyStarted = new DateTimeOffset(2025, 6, 5, 14, 3, 1, TimeSpan.Zero).AddTicks(4829501);
    private static readonly DateTimeOffset VerifyEnded = new DateTimeOffset(2025, 6, 5, 16, 3, 1, TimeSpan.FromHours(2)).AddMilliseconds(500);

    public static TheoryData<string> Names =>
    [
        "metadata-transform",
        "metadata-verify",
        "metadata-verify-failure",
        "upload-started",
        "upload-status",
        "upload-status-deferred",
        "upload-completed",
        "upload-completed-failure",
        "blob-file-copy",
        "blob-file-copy-failure",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_report_equals_its_expected_line(string name)
    {
        var expected = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Reports", "Expected", $"{name}.json")).TrimEnd('\n');

        var message = Write(name);

        Assert.Equal(expected, Text(message));
        Assert.Equal((MessageKind.Report, ReportSamples.UploadId), (message.Kind, message.UploadId));
        Assert.StartsWith(message.Type, name, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_is_escaped_as_the_predecessor_did()
    {
        var manifest = ReportSamples.Manifest.SetItem("sender_id", "<a&b> \"Ü\" \u2028 \\ \n\ud800");

        var json = Text(ReportSamples.Writer().UploadStarted(ReportSamples.UploadId, manifest));

        Assert.Contains("\"sender_id\":\"\\u003ca\\u0026b\\u003e \\\"Ü\\\" \\u2028 \\\\ \\n\uFFFD\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_manifest_the_fields_are_there_and_empty()
    {
        var json = Text(ReportSamples.Writer().FileCopy(
            ReportSamples.Delivery(""), ImmutableSortedDictionary<string, string>.Empty, ReportSamples.Attempt(""), ReportSamples.CopyStarted));

        Assert.Contains("\"sender_id\":\"\",\"data_stream_id\":\"\",\"data_stream_route\":\"\",\"jurisdiction\":\"\",\"dex_ingest_datetime\":\"\"", json, StringComparison.Ordinal);
        Assert.Contains("\"status\":\"FAILURE\",\"issues\":null", json, StringComparison.Ordinal);
    }

    [Fact]
    public void A_successful_copy_may_carry_warnings()
    {
        var json = Text(ReportSamples.Writer().FileCopy(
            ReportSamples.Delivery(""), ReportSamples.Manifest, ReportSamples.Attempt("x", new AttemptIssue("WARNING", "key left out")), ReportSamples.CopyStarted));

        Assert.Contains("\"status\":\"SUCCESS\",\"issues\":[{\"level\":\"WARNING\",\"message\":\"key left out\"}]", json, StringComparison.Ordinal);
    }

    [Fact]
    public void The_log_line_names_the_type_and_hides_what_the_sender_wrote()
    {
        var log = new RecordingLogger();
        var writer = ReportSamples.Writer(log);
        var problems = new[] { "validation failure", "jurisdiction had disallowed value test-jurisdiction", "invalid character found in a/b validation failure" };

        writer.MetadataVerify(ReportSamples.UploadId, ReportSamples.Manifest, problems, VerifyStarted, VerifyEnded);
        writer.FileCopy(ReportSamples.Delivery(""), ReportSamples.Manifest, ReportSamples.Attempt("out/dex-smoke-test_1"), ReportSamples.CopyStarted);

        var (message, fields) = log.Entries[0];
        Assert.StartsWith("REPORT metadata-verify {", message, StringComparison.Ordinal);
        Assert.Equal(ReportSamples.UploadId, fields["uploadId"]);
        var report = Assert.IsType<RawJson>(fields["report"]).ToString();
        foreach (var hidden in new[] { "test sender", "test-jurisdiction", "dex-smoke-test", "test-producer-id", "a/b" })
            Assert.DoesNotContain(hidden, report, StringComparison.Ordinal);
        Assert.Contains("\"filename\":\"***\",\"metadata\":{\"data_producer_id\":\"***\",\"data_stream_id\":\"dextesting\"", report, StringComparison.Ordinal);
        Assert.Contains("\"sender_id\":\"***\",\"data_stream_id\":\"dextesting\"", report, StringComparison.Ordinal);
        Assert.Contains("\"file_destination_blob_url\":\"***\"", log.Entries[1].Fields["report"]!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("open uploads/edav/a: permission denied", "a", "open uploads/edav/***: permission denied")]
    [InlineData("open a: permission denied", "a", "open ***: permission denied")]
    [InlineData("uploads/edav/2025/06/a b was not written right: checksum 1 instead of 2", "2025/06/a b", "uploads/edav/*** was not written right: checksum 1 instead of 2")]
    [InlineData("mkdir uploads/edav/2025/06: disk quota exceeded", "2025/06/a.txt", "mkdir uploads/edav/***: disk quota exceeded")]
    [InlineData("source file does not exist", "s", "source file does not exist")]
    [InlineData("no progress for 30 seconds", "a.txt", "no progress for 30 seconds")]
    public void Of_a_failed_copy_the_log_tells_the_reason_without_the_delivered_path(string reason, string path, string expected)
    {
        var log = new RecordingLogger();

        ReportSamples.Writer(log).FileCopy(
            ReportSamples.Delivery("") with { Path = path }, ReportSamples.Manifest.SetItem("received_filename", "a"),
            ReportSamples.Attempt("", new AttemptIssue("ERROR", reason)), ReportSamples.CopyStarted);

        Assert.Contains($"\"message\":\"{expected}\"", log.Entries[0].Fields["report"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_verdict_the_log_shows_everything_but_the_quoted_values()
    {
        var log = new RecordingLogger();
        string[] problems = ["validation failure", "field a was missing", "b had disallowed value a", "invalid character found in a had disallowed value / validation failure"];

        ReportSamples.Writer(log).MetadataVerify(
            ReportSamples.UploadId, ReportSamples.Manifest.SetItem("received_filename", "a"), problems, VerifyStarted, VerifyEnded);

        Assert.Contains(
            "\"message\":\"validation failure\\nfield a was missing\\nb had disallowed value ***\\ninvalid character found in *** validation failure\"",
            log.Entries[0].Fields["report"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void With_the_switch_the_log_has_the_report_itself()
    {
        var log = new RecordingLogger();

        var message = ReportSamples.Writer(log, logValues: true).UploadStarted(ReportSamples.UploadId, ReportSamples.Manifest);

        Assert.Equal(Text(message), log.Entries[0].Fields["report"]!.ToString());
    }

    private static string Text(OutboxMessage message) => Encoding.UTF8.GetString(message.Json.Span);

    private static OutboxMessage Write(string name)
    {
        var (id, manifest, reports) = (ReportSamples.UploadId, ReportSamples.Manifest, ReportSamples.Writer());
        return name switch
        {
            "metadata-transform" => reports.MetadataTransform(id, manifest, manifest["dex_ingest_datetime"]),
            "metadata-verify" => reports.MetadataVerify(id, manifest, [], VerifyStarted, VerifyEnded),
            "metadata-verify-failure" => reports.MetadataVerify(id, manifest, ["validation failure", "field sender_id was missing"], VerifyStarted, VerifyEnded),
            "upload-started" => reports.UploadStarted(id, manifest),
            "upload-status" => reports.UploadStatus(id, manifest, 5120, 10240),
            "upload-status-deferred" => reports.UploadStatus(id, manifest, 0, null),
            "upload-completed" => reports.UploadCompleted(id, manifest),
            "upload-completed-failure" => reports.UploadRejected(id, manifest, "the upload does not match its declared digest: crc32c declared 00000001, computed 00000002"),
            "blob-file-copy" => reports.FileCopy(
                ReportSamples.Delivery(""), manifest, ReportSamples.Attempt($"uploads/edav/2025/06/05/dex-smoke-test_{id}"), ReportSamples.CopyStarted),
            "blob-file-copy-failure" => reports.FileCopy(
                ReportSamples.Delivery(id), manifest, ReportSamples.Attempt("", new AttemptIssue("ERROR", "source file does not exist")), ReportSamples.CopyStarted),
            _ => throw new ArgumentOutOfRangeException(nameof(name)),
        };
    }
}
