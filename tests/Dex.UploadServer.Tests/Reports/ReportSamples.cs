using System.Collections.Immutable;
using Dex.Testing;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Reports;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Reports;

/// <summary>The upload that the specification's examples are about.</summary>
internal static class ReportSamples
{
    public const string UploadId = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";

    public static readonly DateTimeOffset CopyStarted = new DateTimeOffset(2025, 6, 5, 14, 3, 2, TimeSpan.Zero).AddTicks(1310020);
    public static readonly DateTimeOffset CopyEnded = new DateTimeOffset(2025, 6, 5, 14, 3, 2, TimeSpan.Zero).AddTicks(1554100);

    public static readonly ImmutableSortedDictionary<string, string> Manifest = ImmutableSortedDictionary.CreateRange(
        StringComparer.Ordinal,
        new Dictionary<string, string>
        {
            ["data_producer_id"] = "test-producer-id",
            ["data_stream_id"] = "dextesting",
            ["data_stream_route"] = "testevent1",
            ["dex_ingest_datetime"] = "2025-06-05T14:03:01.482913774Z",
            ["jurisdiction"] = "test-jurisdiction",
            ["received_filename"] = "dex-smoke-test",
            ["sender_id"] = "test sender",
            ["upload_id"] = UploadId,
        });

    public static DeliveryRecord Delivery(string sourceUrl) => new()
    {
        DeliveryId = 1,
        UploadId = UploadId,
        Target = "edav",
        TargetKey = "edav#2",
        Path = "x",
        SourceUrl = sourceUrl,
        State = DeliveryState.Running,
        Attempts = 0,
        NextAttemptAt = CopyStarted,
        Claim = 1,
    };

    public static DeliveryAttempt Attempt(string location, params AttemptIssue[] issues) => new()
    {
        Target = "edav",
        Succeeded = location.Length > 0,
        Location = location,
        EndedAt = CopyEnded,
        Issues = [.. issues],
    };

    public static ReportWriter Writer(ILogger<ReportWriter>? logger = null, bool logValues = false) => new(
        new BuildInfo("repository", "2.8.0", "2e4c9f4"),
        new ManualClock(),
        Options.Create(new ReportOptions { LogManifestValues = logValues }),
        logger ?? NullLogger<ReportWriter>.Instance);
}
