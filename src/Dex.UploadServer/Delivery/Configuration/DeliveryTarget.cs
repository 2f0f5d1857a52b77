namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>A named place that files are carried to (spec: delivery.md 1.3).</summary>
/// <param name="Name">Plain name, as in reports, metrics and <c>/info</c>.</param>
internal abstract record DeliveryTarget(string Name)
{
    /// <summary>Which definition of that name: equal to it unless a program defines its own.</summary>
    public string Key { get; init; } = Name;

    /// <summary>The <c>type</c> in delivery files.</summary>
    public abstract string Type { get; }
}

/// <summary>A folder.</summary>
/// <param name="Path">As written; relative to the working directory.</param>
internal sealed record FileTarget(string Name, string Path) : DeliveryTarget(Name)
{
    public const string TypeName = "file";

    public override string Type => TypeName;
}

/// <summary>An S3 bucket.</summary>
/// <param name="Endpoint">Null means the regional endpoint of AWS.</param>
internal sealed record S3Target(string Name, string BucketName, string? Endpoint, string? Region, Secret AccessKeyId, Secret SecretAccessKey) : DeliveryTarget(Name)
{
    public const string TypeName = "s3";

    public override string Type => TypeName;
}

/// <summary>An Azure blob container, with the first complete way to sign in that is set.</summary>
/// <param name="Endpoint">May carry a SAS, so a secret too.</param>
internal sealed record AzureBlobTarget(string Name, string ContainerName, Secret Endpoint, AzureBlobCredentials Credentials) : DeliveryTarget(Name)
{
    public const string TypeName = "az-blob";

    public override string Type => TypeName;
}

/// <summary>Ways to sign in to Azure; a storage key wins over a principal.</summary>
internal sealed record AzureBlobCredentials(
    string? StorageAccount, Secret StorageKey, string? TenantId, string? ClientId, Secret ClientSecret, Secret SasToken, Secret ConnectionString);

/// <summary>A text that is never shown: not by a log, an error, nor the text of a record that holds it.</summary>
internal readonly record struct Secret(string? Value)
{
    public bool IsSet => !string.IsNullOrEmpty(Value);

    public override string ToString() => IsSet ? "***" : "";
}
