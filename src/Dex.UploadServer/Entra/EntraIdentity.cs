using Azure.Core;
using Azure.Identity;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Entra;

/// <summary>Signs in at Microsoft Entra: as the service principal that the variables name, else as whatever the machine is.</summary>
/// <remarks>The variables are read here because they may come from a dotenv file, which the SDK does not know.</remarks>
internal sealed class EntraIdentity(IOptions<EntraOptions> options)
{
    private readonly Lazy<TokenCredential> _credential = new(() => Find(options.Value));

    /// <summary>Gives tokens, and keeps each until it has to be renewed.</summary>
    public TokenCredential Credential => _credential.Value;

    /// <summary>What the machine is: workload identity, managed identity, a signed-in command line.</summary>
    /// <param name="tenantId">Its directory, if it is told.</param>
    /// <param name="clientId">Which identity, if there are several.</param>
    public static DefaultAzureCredential OfMachine(string? tenantId, string? clientId)
    {
        var options = new DefaultAzureCredentialOptions
        {
            // Programs on a developer's desk, and what asks people; the command line's login stays.
            ExcludeVisualStudioCredential = true,
            ExcludeVisualStudioCodeCredential = true,
            ExcludeAzurePowerShellCredential = true,
            ExcludeAzureDeveloperCliCredential = true,
            ExcludeInteractiveBrowserCredential = true,
        };
        if (tenantId is { Length: > 0 })
            options.TenantId = tenantId;
        if (clientId is { Length: > 0 })
            (options.ManagedIdentityClientId, options.WorkloadIdentityClientId) = (clientId, clientId);
        return new DefaultAzureCredential(options);
    }

    private static TokenCredential Find(EntraOptions options) => options switch
    {
        { TenantId: { } tenant, ClientId: { } client, ClientSecret: { } secret } => new ClientSecretCredential(tenant, client, secret),
        _ => OfMachine(options.TenantId, options.ClientId),
    };
}
