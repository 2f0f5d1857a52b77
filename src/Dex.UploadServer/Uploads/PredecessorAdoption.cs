using Dex.Tus.Stores;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Reports;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Uploads;

/// <summary>Takes over a finished upload of a predecessor: its history as it was reported, and the deliveries it ordered and never made (spec: reports-and-events.md 9.1).</summary>
internal sealed partial class PredecessorAdoption(
    ILedger ledger, IDeliverySignal deliveries, RetryPolicy retry, IOptions<UploadsOptions> options, TimeProvider clock, ILogger<PredecessorAdoption> logger)
{
    public async Task AdoptAsync(Upload upload, ArchivedUpload history, CancellationToken cancellationToken)
    {
        var completedAt = history.CompletedAt ?? upload.ModifiedAt;
        var record = new UploadRecord
        {
            UploadId = upload.Id,
            Manifest = upload.Metadata.ToSortedText(),
            CreatedAt = history.StartedAt ?? completedAt,
            Length = upload.Offset,
            CompletedAt = completedAt,
        };
        IReadOnlyList<NewDelivery> owed = clock.GetUtcNow() - completedAt <= options.Value.AdoptionAge ? FindOwed(history) : [];
        await ledger.AdoptUploadAsync(new UploadCompletion(record, owed, []), history.Attempts, cancellationToken);
        foreach (var delivery in owed)
        {
            LogTakenOver(upload.Id, delivery.Target);
            deliveries.Notify(delivery.TargetKey);
        }
    }

    // A target that has had one success owes nothing: what came after it was a redelivery that somebody can ask for again.
    // Nor does one that the predecessor gave up, after all the attempts each order of it was worth.
    private List<NewDelivery> FindOwed(ArchivedUpload history)
    {
        var owed = new List<NewDelivery>();
        foreach (var orders in history.Deliveries.GroupBy(order => order.Target, StringComparer.Ordinal))
        {
            var attempts = history.Attempts.Where(attempt => attempt.Target == orders.Key).ToArray();
            if (attempts.Any(attempt => attempt.Succeeded) || retry.IsExhausted(attempts.Length / orders.Count()))
                continue;
            var last = orders.Last();
            owed.Add(new NewDelivery(last.Target, last.Target, last.Path, last.SourceUrl, attempts.Length));
        }

        return owed;
    }

    [LoggerMessage(LogLevel.Warning, "taking over a delivery that was never made {uploadId}{target}")]
    private partial void LogTakenOver(string uploadId, string target);
}
