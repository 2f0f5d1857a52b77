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

    private static TokenCredential Find(EntraOptions options) => options switch
    {
        { TenantId: { } tenant, ClientId: { } client, ClientSecret: { } secret } => new ClientSecretCredential(tenant, client, secret),
        _ => new DefaultAzureCredential(new DefaultAzureCredentialOptions
        {
            TenantId = options.TenantId,
            ManagedIdentityClientId = options.ClientId,
            WorkloadIdentityClientId = options.ClientId,
            // Programs on a developer's desk, and what asks people; the command line's login stays.
            ExcludeVisualStudioCredential = true,
            ExcludeVisualStudioCodeCredential = true,
            ExcludeAzurePowerShellCredential = true,
            ExcludeAzureDeveloperCliCredential = true,
            ExcludeInteractiveBrowserCredential = true,
        }),
    };
}
