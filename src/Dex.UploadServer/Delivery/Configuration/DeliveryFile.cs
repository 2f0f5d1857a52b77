using System.Collections.Immutable;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>A delivery file as written, before names are resolved (spec: delivery.md 1.1 and 1.2).</summary>
/// <param name="Targets">Of <c>targets:</c>.</param>
/// <param name="Groups">Of <c>routing_groups:</c>, then of <c>programs:</c>.</param>
internal sealed record DeliveryFile(ImmutableArray<TargetDefinition> Targets, ImmutableArray<GroupDefinition> Groups);

/// <param name="PathTemplate">For groups that give none themselves.</param>
internal sealed record TargetDefinition(DeliveryTarget Target, string? PathTemplate);

/// <param name="Form">The list it stands in: <c>routing_groups</c> or <c>programs</c>.</param>
internal sealed record GroupDefinition(string DataStreamId, string DataStreamRoute, string Form, ImmutableArray<GroupEntry> Entries)
{
    public string Name => $"{DataStreamId}_{DataStreamRoute}";
}

/// <param name="Definition">The target, if the entry defines it itself; else it is defined elsewhere under that name.</param>
internal sealed record GroupEntry(string Name, DeliveryTarget? Definition, string? PathTemplate);
