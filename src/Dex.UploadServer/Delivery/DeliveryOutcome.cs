using System.Collections.Immutable;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Delivery;

/// <summary>How an attempt ended, and whose doing it was.</summary>
internal enum DeliveryVerdict
{
    Delivered,

    /// <summary>The target did not take it; try again later.</summary>
    TargetFailed,

    /// <summary>There was nothing right to carry; try again later, and do not blame the target.</summary>
    SourceFailed,

    /// <summary>No retry can cure it.</summary>
    Refused,
}

/// <summary>What one attempt came to.</summary>
/// <param name="Attempt">As <c>/info</c> shows it.</param>
/// <param name="Manifest">For the report.</param>
internal sealed record DeliveryOutcome(
    DeliveryAttempt Attempt, DeliveryVerdict Verdict, ImmutableSortedDictionary<string, string> Manifest, DateTimeOffset StartedAt)
{
    /// <summary>How long the target asked to be left alone; null if it did not.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The reason of a failure; empty on success.</summary>
    public string Error => Attempt.Succeeded ? "" : Attempt.Issues[0].Message;
}
