using System.Text.Json;

namespace Dex.Testing;

/// <summary>What <c>GET /info/{id}</c> says of an upload (spec: http-api.md 8).</summary>
/// <param name="Status">Initiated, In Progress, Complete or empty.</param>
/// <param name="Size">Bytes at hand, or null while the data object is not visible.</param>
public sealed record ServerInfo(string Status, long? Size, IReadOnlyDictionary<string, string> Manifest, IReadOnlyList<ServerDelivery> Deliveries)
{
    public IEnumerable<ServerDelivery> Succeeded(string target) => Deliveries.Where(delivery => delivery.Name == target && delivery.Status == "SUCCESS");

    public IEnumerable<ServerDelivery> Failed(string target) => Deliveries.Where(delivery => delivery.Name == target && delivery.Status == "FAILURE");

    public bool IsDelivered(params IEnumerable<string> targets) => Status == "Complete" && targets.All(target => Succeeded(target).Any());

    internal static ServerInfo Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var file = root.GetProperty("file_info");
        return new ServerInfo(
            root.GetProperty("upload_status").GetProperty("status").GetString() ?? "",
            file.ValueKind == JsonValueKind.Null ? null : file.GetProperty("size_bytes").GetInt64(),
            root.GetProperty("manifest").EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString() ?? ""),
            [.. Elements(root.GetProperty("deliveries")).Select(ServerDelivery.Parse)]);
    }

    internal static IEnumerable<JsonElement> Elements(JsonElement list) => list.ValueKind == JsonValueKind.Null ? [] : list.EnumerateArray();
}

/// <summary>One attempt to carry an upload to a target.</summary>
public sealed record ServerDelivery(string Name, string Status, string Location, IReadOnlyList<string> Issues)
{
    internal static ServerDelivery Parse(JsonElement entry) => new(
        entry.GetProperty("name").GetString() ?? "",
        entry.GetProperty("status").GetString() ?? "",
        entry.GetProperty("location").GetString() ?? "",
        [.. ServerInfo.Elements(entry.GetProperty("issues")).Select(issue => issue.GetProperty("message").GetString() ?? "")]);
}
