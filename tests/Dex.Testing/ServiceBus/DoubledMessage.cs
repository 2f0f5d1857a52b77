namespace Dex.Testing.ServiceBus;

/// <summary>A message in a <see cref="DoubledEntity"/>.</summary>
public sealed class DoubledMessage
{
    public required string Body { get; init; }

    public required string MessageId { get; init; }

    public string? PartitionKey { get; init; }

    public required long SequenceNumber { get; init; }

    public required DateTimeOffset EnqueuedAt { get; init; }

    public int DeliveryCount { get; internal set; }

    internal string? LockToken { get; set; }

    internal DateTimeOffset LockedUntil { get; set; }
}
