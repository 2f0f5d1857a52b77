using System.Collections.Immutable;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>Reads both forms of a delivery file and collects every problem instead of stopping at the first (spec: delivery.md 1).</summary>
internal sealed class DeliveryFileReader(List<string> problems)
{
    public DeliveryFile Read(YamlNode? root)
    {
        if (Map(root, "the delivery file") is not { } file)
            return new DeliveryFile([], []);

        var targets = ImmutableArray.CreateBuilder<TargetDefinition>();
        foreach (var (key, node) in Map(file.Find("targets"), "targets")?.Entries ?? ImmutableDictionary<string, YamlNode>.Empty)
        {
            if (Map(node, $"target {key}") is { } map && ReadTarget(map, Text(map, "name") ?? key) is { } target)
                targets.Add(new TargetDefinition(target, Text(map, "path_template")));
        }

        return new DeliveryFile(targets.ToImmutable(), [.. ReadGroups(file, "routing_groups"), .. ReadGroups(file, "programs")]);
    }

    private IEnumerable<GroupDefinition> ReadGroups(YamlMap file, string form)
    {
        foreach (var node in List(file.Find(form), form))
        {
            if (Map(node, $"an entry of {form}") is not { } map)
                continue;
            var dataStreamId = Required(map, "data_stream_id", $"line {map.Line}: a group of {form}");
            var dataStreamRoute = Required(map, "data_stream_route", $"line {map.Line}: a group of {form}");
            var entries = ReadEntries(map, $"group {dataStreamId}_{dataStreamRoute}");
            if (dataStreamId is not null && dataStreamRoute is not null)
                yield return new GroupDefinition(dataStreamId, dataStreamRoute, form, entries);
        }
    }

    private ImmutableArray<GroupEntry> ReadEntries(YamlMap group, string owner)
    {
        var entries = ImmutableArray.CreateBuilder<GroupEntry>();
        foreach (var node in List(group.Find("delivery_targets"), $"delivery_targets of {owner}"))
        {
            if (Map(node, $"an entry of delivery_targets of {owner}") is not { } map
                || Required(map, "name", $"line {map.Line}: a delivery target of {owner}") is not { Length: > 0 } name)
                continue;
            var definesTarget = map.Find("type") is not null;
            var target = definesTarget ? ReadTarget(map, name) : null;
            if (target is not null || !definesTarget)
                entries.Add(new GroupEntry(name, target, Text(map, "path_template")));
        }

        return entries.ToImmutable();
    }

    private DeliveryTarget? ReadTarget(YamlMap map, string name)
    {
        var before = problems.Count;
        if (name.Length == 0 || name.Any(char.IsControl))
            problems.Add($"line {map.Line}: a target needs a name without control characters");
        var type = Text(map, "type");
        DeliveryTarget? target = type switch
        {
            FileTarget.TypeName => ReadFile(map, name),
            S3Target.TypeName => ReadS3(map, name),
            AzureBlobTarget.TypeName => ReadAzureBlob(map, name),
            _ => null,
        };
        if (target is null)
            problems.Add(type is null ? $"target {name}: type is missing" : $"Unknown destination type: {type}");
        return problems.Count == before ? target : null;
    }

    private FileTarget ReadFile(YamlMap map, string name) => new(name, Needed(map, "path", name));

    private S3Target ReadS3(YamlMap map, string name) => new(
        name, Needed(map, "bucket_name", name), Text(map, "endpoint"), Text(map, "region"), SecretOf(map, "access_key_id"), SecretOf(map, "secret_access_key"));

    private AzureBlobTarget ReadAzureBlob(YamlMap map, string name)
    {
        var credentials = new AzureBlobCredentials(
            Text(map, "storage_account"), SecretOf(map, "storage_key"),
            Text(map, "tenant_id"), Text(map, "client_id"), SecretOf(map, "client_secret"),
            SecretOf(map, "sas_token"), SecretOf(map, "connection_string"));
        var endpoint = SecretOf(map, "endpoint");
        if (!endpoint.IsSet && string.IsNullOrEmpty(credentials.StorageAccount) && !credentials.ConnectionString.IsSet)
            problems.Add($"target {name}: endpoint is missing");
        return new AzureBlobTarget(name, Needed(map, "container_name", name), endpoint, credentials);
    }

    private string Needed(YamlMap map, string key, string target)
    {
        if (Text(map, key) is { Length: > 0 } value)
            return value;
        problems.Add($"target {target}: {key} is missing");
        return "";
    }

    private string? Required(YamlMap map, string key, string owner)
    {
        var value = Text(map, key);
        if (value is null || (key == "name" && value.Length == 0))
            problems.Add($"{owner} has no {key}");
        return value;
    }

    private Secret SecretOf(YamlMap map, string key) => new(Text(map, key));

    private string? Text(YamlMap map, string key)
    {
        switch (map.Find(key))
        {
            case null:
                return null;
            case YamlText text:
                return text.Text;
            case var other:
                problems.Add($"line {other.Line}: {key} must be text, not {other.Kind}");
                return null;
        }
    }

    private YamlMap? Map(YamlNode? node, string what)
    {
        if (node is not (null or YamlMap or YamlText { Text: null }))
            problems.Add($"line {node.Line}: {what} must be a map, not {node.Kind}");
        return node as YamlMap;
    }

    private IReadOnlyList<YamlNode> List(YamlNode? node, string what)
    {
        if (node is not (null or YamlList))
            problems.Add($"line {node.Line}: {what} must be a list, not {node.Kind}");
        return (node as YamlList)?.Items ?? [];
    }
}
