using System.Text.RegularExpressions;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Entra;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Where uploads and manifest configs are in Azure (spec: config.md 2.5, 3).</summary>
internal sealed partial class AzureOptions
{
    /// <summary>Name of the account. <c>AZURE_STORAGE_ACCOUNT</c></summary>
    public string? Account { get; set; }

    /// <summary>Its key, or a SAS, or a connection string. <c>AZURE_STORAGE_KEY</c></summary>
    public Secret Key { get; set; }

    /// <summary>Where its blobs are, instead of at Azure itself; may carry a SAS. <c>AZURE_ENDPOINT</c></summary>
    public Secret Endpoint { get; set; }

    /// <summary>Tenant of a service principal or of a workload's identity. <c>AZURE_TENANT_ID</c></summary>
    public string? TenantId { get; set; }

    /// <summary>Id of a service principal, or of a workload's or managed identity. <c>AZURE_CLIENT_ID</c></summary>
    public string? ClientId { get; set; }

    /// <summary>Secret of a service principal. <c>AZURE_CLIENT_SECRET</c></summary>
    public Secret ClientSecret { get; set; }

    /// <summary>Container of uploads; made at start if missing. <c>TUS_AZURE_CONTAINER_NAME</c></summary>
    public string? Container { get; set; }

    /// <summary>Container of manifest configs. <c>DEX_MANIFEST_CONFIG_CONTAINER_NAME</c></summary>
    public string? ManifestContainer { get; set; }

    /// <summary>Whether this is where uploads are to be kept.</summary>
    public bool IsSelected { get; set; }

    /// <summary>The account of uploads.</summary>
    public AzureSettings Settings => new()
    {
        Account = Account,
        Key = Key,
        Endpoint = Endpoint,
        TenantId = TenantId,
        ClientId = ClientId,
        ClientSecret = ClientSecret,
        Container = Container,
    };

    public static void Read(AzureOptions options, EnvironmentReader env)
    {
        options.IsSelected = SelectsUploads(env);
        options.Account = env.OptionalText("AZURE_STORAGE_ACCOUNT")?.Trim();
        options.Key = new Secret(env.OptionalText("AZURE_STORAGE_KEY")?.Trim());
        options.Endpoint = new Secret(env.OptionalText("AZURE_ENDPOINT")?.Trim());
        var identity = new EntraOptions();
        EntraOptions.Read(identity, env);
        (options.TenantId, options.ClientId, options.ClientSecret) = (identity.TenantId, identity.ClientId, new Secret(identity.ClientSecret));
        options.Container = env.OptionalText("TUS_AZURE_CONTAINER_NAME")?.Trim();
        options.ManifestContainer = env.OptionalText("DEX_MANIFEST_CONFIG_CONTAINER_NAME")?.Trim();
    }

    /// <summary>Whether the variables ask for uploads in Azure. A principal alone does not: delivery files use its names too.</summary>
    public static bool SelectsUploads(EnvironmentReader env) => env.Has("AZURE_STORAGE_ACCOUNT") | env.Has("AZURE_STORAGE_KEY") | env.Has("AZURE_ENDPOINT");

    /// <summary>Whether, with uploads in Azure, the variables ask for manifest configs there too.</summary>
    public static bool SelectsManifestConfigs(EnvironmentReader env) => env.Has("DEX_MANIFEST_CONFIG_CONTAINER_NAME");

    /// <summary>Whether a container can have that name.</summary>
    public static bool IsContainerName(string name) => ContainerName().IsMatch(name);

    [GeneratedRegex(@"\A(?=.{3,63}\z)[a-z0-9]+(?:-[a-z0-9]+)*\z")]
    private static partial Regex ContainerName();
}

internal sealed class AzureOptionsValidator : IValidateOptions<AzureOptions>
{
    public ValidateOptionsResult Validate(string? name, AzureOptions options)
    {
        if (!options.IsSelected)
            return ValidateOptionsResult.Success;

        var names = AzureSettingNames.Variables;
        List<string> problems = [];
        options.Settings.Resolve(names, problems);
        if (options.Container is null)
            problems.Add($"{names.Missing}TUS_AZURE_CONTAINER_NAME is not set.");
        else if (!AzureOptions.IsContainerName(options.Container))
            problems.Add("TUS_AZURE_CONTAINER_NAME must be the name of a container: 3 to 63 lower-case letters, digits and single hyphens.");
        if (options.ManifestContainer is { } container && !AzureOptions.IsContainerName(container))
            problems.Add("DEX_MANIFEST_CONFIG_CONTAINER_NAME must be the name of a container: 3 to 63 lower-case letters, digits and single hyphens.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
