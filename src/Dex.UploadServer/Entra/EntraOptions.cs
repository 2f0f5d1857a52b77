using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Entra;

/// <summary>Who the server is to Microsoft Entra, if it is told (spec: config.md 2.5).</summary>
internal sealed class EntraOptions
{
    /// <summary>Directory of the service principal. <c>AZURE_TENANT_ID</c></summary>
    public string? TenantId { get; set; }

    /// <summary>The service principal; without a secret, the managed identity to use. <c>AZURE_CLIENT_ID</c></summary>
    public string? ClientId { get; set; }

    /// <summary>Its secret. <c>AZURE_CLIENT_SECRET</c></summary>
    public string? ClientSecret { get; set; }

    public static void Read(EntraOptions options, EnvironmentReader env)
    {
        options.TenantId = env.OptionalText("AZURE_TENANT_ID")?.Trim();
        options.ClientId = env.OptionalText("AZURE_CLIENT_ID")?.Trim();
        options.ClientSecret = env.OptionalText("AZURE_CLIENT_SECRET")?.Trim();
    }
}
