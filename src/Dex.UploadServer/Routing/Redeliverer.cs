using Dex.UploadServer.Delivery;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;

namespace Dex.UploadServer.Routing;

/// <summary>Queues one more delivery of a finished upload (spec: delivery.md 7, reliability.md R3).</summary>
internal sealed class Redeliverer(IDeliverySource source, UploadRouter router, ILedger ledger, IOutbox outbox, IDeliverySignal signal)
{
    /// <returns>Accepted means queued for good, also when an equal request was waiting already.</returns>
    public async Task<RedeliveryVerdict> RequestAsync(string uploadId, string target, CancellationToken cancellationToken)
    {
        var planned = await PlanAsync(uploadId, target, cancellationToken);
        if (planned is not { Verdict: RedeliveryVerdict.Accepted, Delivery: { } delivery, Event: { } fileReady })
            return planned.Verdict;

        if (await ledger.RequeueDeliveryAsync(delivery, uploadId, [fileReady], cancellationToken) is { } batch)
        {
            // Queued: the client may leave now, and the rest happens all the same.
            await outbox.SendAsync(batch, CancellationToken.None);
            signal.Notify(delivery.TargetKey);
        }

        return RedeliveryVerdict.Accepted;
    }

    private async Task<Redelivery> PlanAsync(string uploadId, string target, CancellationToken cancellationToken)
    {
        await using var file = await source.FindAsync(uploadId, finished: null, cancellationToken);
        if (file?.Rejection is not null)
            return Redelivery.Rejected;
        return file is null ? Redelivery.SourceMissing : router.PlanRedelivery(uploadId, file.Metadata, target);
    }
}
