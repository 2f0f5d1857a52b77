namespace Dex.UploadServer.Storage.Azure;

/// <summary>What we use of a storage account's connection string.</summary>
internal sealed record AzureConnectionString
{
    public string? AccountName { get; private init; }

    public string? AccountKey { get; private init; }

    public string? BlobEndpoint { get; private init; }

    public string? Sas { get; private init; }

    public string EndpointSuffix { get; private init; } = "core.windows.net";

    public string Scheme { get; private init; } = Uri.UriSchemeHttps;

    public bool IsUsable => (AccountName is not null && AccountKey is not null) || (Sas is not null && (BlobEndpoint ?? AccountName) is not null);

    public static bool LooksLike(string text) =>
        text.Contains("AccountName=", StringComparison.OrdinalIgnoreCase) || text.Contains("BlobEndpoint=", StringComparison.OrdinalIgnoreCase);

    public static AzureConnectionString Parse(string text)
    {
        var values = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split('=', 2)) // keys and SAS contain more of them
            .Where(part => part is [_, { Length: > 0 }])
            .GroupBy(part => part[0], part => part[1], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key, group => group.Last(), StringComparer.OrdinalIgnoreCase);
        var parsed = new AzureConnectionString
        {
            AccountName = values.GetValueOrDefault("AccountName"),
            AccountKey = values.GetValueOrDefault("AccountKey"),
            BlobEndpoint = values.GetValueOrDefault("BlobEndpoint"),
            Sas = values.GetValueOrDefault("SharedAccessSignature"),
        };
        return parsed with
        {
            EndpointSuffix = values.GetValueOrDefault("EndpointSuffix", parsed.EndpointSuffix),
            Scheme = values.GetValueOrDefault("DefaultEndpointsProtocol", parsed.Scheme),
        };
    }
}
