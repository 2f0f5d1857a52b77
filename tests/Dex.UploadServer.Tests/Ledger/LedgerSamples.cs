using System.Collections.Immutable;
using System.Text;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Tests.Ledger;

/// <summary>Uploads, deliveries and messages as the ledger is given them.</summary>
internal static class LedgerSamples
{
    public static readonly DateTimeOffset Noon = new(2025, 6, 5, 12, 0, 0, TimeSpan.Zero);

    public static string NewId() => Guid.NewGuid().ToString();

    public static UploadRecord Upload(string uploadId) => new()
    {
        UploadId = uploadId,
        Manifest = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, new Dictionary<string, string>
        {
            ["data_stream_id"] = "dextesting",
            ["data_stream_route"] = "testevent1",
            ["Überraschung"] = "quote \" backslash \\ line\nfeed <&> 💾",
            ["empty"] = "",
        }),
        CreatedAt = Noon.AddTicks(1234567),
        Length = 10240,
    };

    public static UploadCompletion Completion(string uploadId, params NewDelivery[] deliveries) =>
        new(Upload(uploadId) with { CompletedAt = Noon.AddSeconds(1), Crc32C = 0xFEDCBA98 }, deliveries, [Message(uploadId, "upload-completed")]);

    public static OutboxMessage Message(string uploadId, string type, string json = "{\"a\":1}") =>
        new(MessageKind.Report, uploadId, type, Encoding.UTF8.GetBytes(json));

    public static DeliverySettlement Failed(DeliveryRecord delivery, DateTimeOffset nextAttemptAt) => new(
        delivery,
        new DeliveryAttempt
        {
            Target = delivery.Target,
            Succeeded = false,
            Location = "",
            EndedAt = Noon,
            Issues = [new AttemptIssue("ERROR", "target is \"away\"")],
        },
        DeliveryState.Waiting,
        nextAttemptAt,
        [Message(delivery.UploadId, "blob-file-copy")]);

    public static DeliverySettlement Succeeded(DeliveryRecord delivery) => new(
        delivery,
        new DeliveryAttempt { Target = delivery.Target, Succeeded = true, Location = "uploads/edav/x", EndedAt = Noon },
        DeliveryState.Done,
        Noon,
        [Message(delivery.UploadId, "blob-file-copy")]);
}
