using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger.Sqlite;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Ledger;

internal static class LedgerExtensions
{
    public static IHostApplicationBuilder AddLedger(this IHostApplicationBuilder builder)
    {
        SQLitePCL.Batteries_V2.Init();
        builder.Services.AddEnvironmentOptions<LedgerOptions, LedgerOptionsValidator>(LedgerOptions.Read);
        builder.Services.AddOptions<LedgerOptions>().Configure<IOptions<UploadFolderOptions>, IOptions<DurabilityOptions>>((ledger, folder, durability) =>
        {
            ledger.UploadsFolder = folder.Value.BaseFolder;
            ledger.Durability = durability.Value.Durability;
        });
        builder.Services.AddSingleton<ILedger, SqliteLedger>();
        builder.Services.AddHostedService<LedgerStart>();
        return builder;
    }
}
