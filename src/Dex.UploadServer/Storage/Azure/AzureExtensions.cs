using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Storage.Azure;

internal static class AzureExtensions
{
    /// <summary>The ways to Azure, for whoever takes one; nothing is opened before the first call.</summary>
    public static IHostApplicationBuilder AddAzure(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<AzureOptions, AzureOptionsValidator>(AzureOptions.Read);
        builder.Services.AddSingleton<AzureConnections>();
        return builder;
    }
}
