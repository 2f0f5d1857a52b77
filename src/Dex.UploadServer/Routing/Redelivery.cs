using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Routing;

/// <summary>What became of a request for one more delivery.</summary>
/// <param name="Delivery">Set when accepted.</param>
/// <param name="Event">Set when accepted.</param>
internal sealed record Redelivery(RedeliveryVerdict Verdict, NewDelivery? Delivery, OutboxMessage? Event)
{
    public static readonly Redelivery SourceMissing = new(RedeliveryVerdict.SourceMissing, null, null);
    public static readonly Redelivery Rejected = new(RedeliveryVerdict.Rejected, null, null);
    public static readonly Redelivery UnknownTarget = new(RedeliveryVerdict.UnknownTarget, null, null);
    public static readonly Redelivery NotForThisUpload = new(RedeliveryVerdict.NotForThisUpload, null, null);
}

internal enum RedeliveryVerdict
{
    Accepted,

    /// <summary>No finished upload of that id.</summary>
    SourceMissing,

    /// <summary>The upload is not what its sender declared, and goes nowhere.</summary>
    Rejected,

    /// <summary>No target of that name.</summary>
    UnknownTarget,

    /// <summary>The upload has no routing group, its group does not have the target, or no path can be rendered.</summary>
    NotForThisUpload,
}
