namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>A node of a delivery file: text, list or map. Weight counts nodes, those behind aliases each time they are named.</summary>
internal abstract record YamlNode(int Line, long Weight)
{
    /// <summary>For complaints.</summary>
    public abstract string Kind { get; }
}

/// <summary>Any scalar, numbers too; null where YAML means nothing.</summary>
internal sealed record YamlText(string? Text, int Line) : YamlNode(Line, 1)
{
    public override string Kind => Text is null ? "nothing" : "text";
}

internal sealed record YamlList(IReadOnlyList<YamlNode> Items, int Line, long Weight) : YamlNode(Line, Weight)
{
    public override string Kind => "a list";
}

/// <summary>A map whose keys are texts, equal in any case.</summary>
internal sealed record YamlMap(IReadOnlyDictionary<string, YamlNode> Entries, int Line, long Weight) : YamlNode(Line, Weight)
{
    public override string Kind => "a map";

    /// <summary>The value of a key, or null if it is missing or nothing.</summary>
    public YamlNode? Find(string key) => Entries.TryGetValue(key, out var node) && node is not YamlText { Text: null } ? node : null;
}
