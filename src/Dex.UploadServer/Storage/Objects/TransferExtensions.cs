using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Storage.Objects;

internal static class TransferExtensions
{
    /// <summary>What deliveries from and to object stores share: memory for parts.</summary>
    public static IHostApplicationBuilder AddObjectTransfers(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<TransferOptions, TransferOptionsValidator>(TransferOptions.Read);
        builder.Services.AddSingleton<PartMemory>();
        return builder;
    }
}
