using System.Collections.Immutable;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Routing;

/// <summary>Decides where a finished upload goes (spec: delivery.md 2, 3 and 7).</summary>
internal interface IUploadRouter
{
    /// <summary>One delivery and one FileReady event for each target of the upload's routing group, in the group's order.</summary>
    RoutingPlan Plan(string uploadId, ImmutableSortedDictionary<string, string> manifest);
}

/// <summary>The deliveries that follow from a completion.</summary>
/// <param name="Deliveries">To be inserted with the completion.</param>
/// <param name="Events">FileReady messages, one for each delivery.</param>
/// <param name="Problem">Why there is less than expected (no routing group, bad ingest timestamp), for the log; null when all is well.</param>
internal sealed record RoutingPlan(IReadOnlyList<NewDelivery> Deliveries, IReadOnlyList<OutboxMessage> Events, string? Problem);
