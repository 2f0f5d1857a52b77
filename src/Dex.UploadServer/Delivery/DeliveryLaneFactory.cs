using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Delivery;

/// <summary>Makes the lane of a target.</summary>
internal sealed class DeliveryLaneFactory(
    DeliveryClaims claims,
    Courier courier,
    DeliverySettler settler,
    ILedger ledger,
    IOutbox outbox,
    RetryPolicy retry,
    IOptions<DeliveryOptions> options,
    TimeProvider clock,
    ILogger<DeliveryLane> logger)
{
    public DeliveryLane Create(LaneTarget target) =>
        new(target, options.Value.Concurrency, claims, courier, settler, ledger, outbox, retry, clock, logger);
}
