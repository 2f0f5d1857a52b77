using Dex.UploadServer.Delivery.Configuration;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>An account with blobs, and how to sign in to it. Equal for whoever may share a connection; its text shows no secret.</summary>
/// <param name="Endpoint">Without a slash at its end, query or SAS; an emulator's has the account as path.</param>
internal sealed record AzureAccess(Uri Endpoint, AzureSignIn SignIn)
{
    /// <summary>The account's name, which is part of the endpoint.</summary>
    public string Account => AzureEndpoint.AccountOf(Endpoint);

    /// <summary>Where a container is.</summary>
    public Uri AddressOf(string container) => new($"{Text}/{container}");

    /// <summary>Where a blob is; nobody gets in by it.</summary>
    public string AddressOf(string container, string blob) =>
        $"{Text}/{container}/{string.Join('/', blob.Split('/').Select(Uri.EscapeDataString))}";

    private string Text => Endpoint.AbsoluteUri.TrimEnd('/');
}

/// <summary>A way to sign in to Azure Storage.</summary>
internal abstract record AzureSignIn
{
    /// <summary>By the account's key.</summary>
    public sealed record SharedKey(string Account, Secret Key) : AzureSignIn;

    /// <summary>By a shared access signature.</summary>
    /// <param name="Token">Without a question mark.</param>
    public sealed record Sas(Secret Token) : AzureSignIn;

    /// <summary>By a service principal.</summary>
    public sealed record Principal(string TenantId, string ClientId, Secret ClientSecret) : AzureSignIn;

    /// <summary>By whatever the SDK finds: a workload's or a managed identity.</summary>
    /// <param name="ClientId">Which identity, if there are several.</param>
    public sealed record Found(string? TenantId, string? ClientId) : AzureSignIn;
}
