using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>What the delivery file says: targets, and which of them an upload goes to (spec: delivery.md 1).</summary>
internal sealed class DeliveryConfiguration
{
    public static readonly DeliveryConfiguration Empty = new([], []);

    private readonly FrozenDictionary<string, DeliveryTarget> _targets;
    private readonly FrozenDictionary<(string DataStreamId, string DataStreamRoute), RoutingGroup> _groups;

    public DeliveryConfiguration(ImmutableArray<DeliveryTarget> targets, ImmutableArray<RoutingGroup> groups)
    {
        Targets = targets;
        Groups = groups;
        _targets = targets.ToFrozenDictionary(target => target.Key, StringComparer.Ordinal);
        _groups = groups.ToFrozenDictionary(group => (group.DataStreamId, group.DataStreamRoute));
    }

    /// <summary>Every target, in the file's order; keys are unique, names need not be.</summary>
    public ImmutableArray<DeliveryTarget> Targets { get; }

    /// <summary>Every routing group, in the file's order.</summary>
    public ImmutableArray<RoutingGroup> Groups { get; }

    /// <summary>The target of that <see cref="DeliveryTarget.Key"/>, or null.</summary>
    public DeliveryTarget? FindTarget(string key) => _targets.GetValueOrDefault(key);

    /// <summary>Whether any target has that plain name.</summary>
    public bool HasTargetNamed(string name) => Targets.Any(target => target.Name == name);

    /// <summary>The group of exactly this data stream and route, or null.</summary>
    public RoutingGroup? FindGroup(string dataStreamId, string dataStreamRoute) => _groups.GetValueOrDefault((dataStreamId, dataStreamRoute));
}

/// <summary>The targets of one data stream and route.</summary>
/// <param name="Routes">In the file's order, each target once.</param>
internal sealed record RoutingGroup(string DataStreamId, string DataStreamRoute, ImmutableArray<TargetRoute> Routes)
{
    /// <summary>For people: log lines and complaints.</summary>
    public string Name => $"{DataStreamId}_{DataStreamRoute}";
}

/// <summary>A target of a group, and how files are named there.</summary>
internal sealed record TargetRoute(DeliveryTarget Target, PathTemplate Template);
