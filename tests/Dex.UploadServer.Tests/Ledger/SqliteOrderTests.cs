using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Ledger.Sqlite;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Ledger;

/// <summary>The contract of orders on SQLite.</summary>
public sealed class SqliteOrderTests : OrderContract, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("orders-").FullName;
    private readonly SqliteLedger _ledger;

    public SqliteOrderTests()
    {
        SQLitePCL.Batteries_V2.Init();
        _ledger = new SqliteLedger(Options.Create(new LedgerOptions { UploadsFolder = _folder, Durability = UploadDurability.None }), Clock);
    }

    private protected override ILedger Ledger => _ledger;

    public void Dispose()
    {
        _ledger.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
