using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Entra;

internal static class EntraExtensions
{
    /// <summary>The identity at Microsoft Entra, for whoever needs a token.</summary>
    public static IHostApplicationBuilder AddEntra(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<EntraOptions>(EntraOptions.Read);
        builder.Services.AddSingleton<EntraIdentity>();
        return builder;
    }
}
