using System.Collections.Immutable;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>Resolves the names of a delivery file to targets, and holds its path templates to the rules (spec: delivery.md 1.1, 1.2, 2 and 10.9).</summary>
internal sealed class DeliveryConfigurationBuilder(List<string> problems, List<string> warnings)
{
    private const string SampleId = "00000000-0000-4000-8000-000000000000";
    private const string SampleTime = "2025-01-02T03:04:05Z";

    private readonly Dictionary<string, TargetDefinition> _shared = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DeliveryTarget> _byKey = new(StringComparer.Ordinal);
    private readonly List<DeliveryTarget> _targets = [];
    private readonly HashSet<string> _scopedNames = new(StringComparer.Ordinal);

    public DeliveryConfiguration Build(DeliveryFile file)
    {
        DefineShared(file.Targets);
        var definitions = Merge(file.Groups);
        DefineInline(definitions);
        ImmutableArray<RoutingGroup> groups = [.. definitions.Select(Resolve)];
        return new DeliveryConfiguration([.. _targets], groups);
    }

    private void DefineShared(ImmutableArray<TargetDefinition> definitions)
    {
        foreach (var definition in definitions)
        {
            var name = definition.Target.Name;
            if (_shared.TryAdd(name, definition))
                Add(definition.Target);
            else if (_shared[name] != definition)
                problems.Add($"target {name} is defined twice with different settings");
        }
    }

    // A name that means different places in different programs gets one key for each of them; pending deliveries follow the key.
    private void DefineInline(IEnumerable<GroupDefinition> groups)
    {
        var inline = groups.SelectMany(group => group.Entries).Select(entry => entry.Definition).OfType<DeliveryTarget>();
        foreach (var sameName in inline.GroupBy(target => target.Name, StringComparer.Ordinal))
        {
            var meanings = sameName.Distinct().ToList();
            if (_shared.TryGetValue(sameName.Key, out var shared))
                meanings.RemoveAll(meaning => meaning == shared.Target);
            else if (meanings is [var only])
                (meanings, _shared[sameName.Key]) = ([], new TargetDefinition(Add(only), null));
            if (meanings.Count == 0)
                continue;

            _scopedNames.Add(sameName.Key);
            warnings.Add($"target {sameName.Key} has different settings in several places of the delivery file; each group uses its own");
        }
    }

    // Within one list the last group of a pair counts; groups of the two lists add up.
    private List<GroupDefinition> Merge(ImmutableArray<GroupDefinition> definitions)
    {
        var merged = new List<GroupDefinition>();
        foreach (var group in definitions)
        {
            var at = merged.FindIndex(other => other.DataStreamId == group.DataStreamId && other.DataStreamRoute == group.DataStreamRoute);
            if (at < 0)
            {
                merged.Add(group);
            }
            else if (merged[at].Form == group.Form)
            {
                warnings.Add($"group {group.Name} stands twice in {group.Form}; the last one counts");
                merged[at] = group;
            }
            else
            {
                merged[at] = group with { Entries = merged[at].Entries.AddRange(group.Entries) };
            }
        }

        return merged;
    }

    private RoutingGroup Resolve(GroupDefinition group)
    {
        var routes = ImmutableArray.CreateBuilder<TargetRoute>();
        var seen = new Dictionary<string, GroupEntry>(StringComparer.Ordinal);
        foreach (var entry in group.Entries)
        {
            // One upload has one place at a target: two names would be two deliveries that nothing tells apart.
            if (!seen.TryAdd(entry.Name, entry))
            {
                if (seen[entry.Name] == entry)
                    warnings.Add($"target {entry.Name} stands twice in group {group.Name}");
                else
                    problems.Add($"target {entry.Name} stands twice in group {group.Name} with different settings");
                continue;
            }

            if (FindTarget(entry, group) is { } target && ReadTemplate(entry, group) is { } template)
                routes.Add(new TargetRoute(target, template));
        }

        if (group.Entries.IsEmpty)
            warnings.Add($"no targets configured for group {group.Name}");
        return new RoutingGroup(group.DataStreamId, group.DataStreamRoute, routes.ToImmutable());
    }

    private DeliveryTarget? FindTarget(GroupEntry entry, GroupDefinition group)
    {
        var shared = _shared.GetValueOrDefault(entry.Name)?.Target;
        if (entry.Definition is { } own && own != shared)
            return Add(own with { Key = $"{own.Name}@{group.DataStreamId}/{group.DataStreamRoute}" });
        if (shared is not null)
            return shared;
        problems.Add(_scopedNames.Contains(entry.Name)
            ? $"target {entry.Name} in group {group.Name} is defined differently in several places; say which with its own type and settings"
            : $"target {entry.Name} in group {group.Name} is not defined");
        return null;
    }

    private DeliveryTarget Add(DeliveryTarget target)
    {
        if (_byKey.TryAdd(target.Key, target))
            _targets.Add(target);
        else if (_byKey[target.Key] != target)
            problems.Add($"target {target.Key} is defined twice with different settings");
        return target;
    }

    private PathTemplate? ReadTemplate(GroupEntry entry, GroupDefinition group)
    {
        try
        {
            var template = PathTemplate.Parse(entry.PathTemplate ?? _shared.GetValueOrDefault(entry.Name)?.PathTemplate);
            var sample = template.Render(new PathValues(SampleId, "name", group.DataStreamId, group.DataStreamRoute, SampleTime));
            if (DeliveredPath.Check(sample) is { } refusal)
                throw new FormatException(refusal);
            if (!template.HasUploadId)
                warnings.Add($"path template of target {entry.Name} in group {group.Name} has no UploadId: files of one name overwrite each other");
            return template;
        }
        catch (FormatException error)
        {
            problems.Add($"path template of target {entry.Name} in group {group.Name}: {error.Message}");
            return null;
        }
    }
}
