using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Ledger;

/// <summary>Where the record of uploads and deliveries is kept, and what its answers promise.</summary>
internal sealed class LedgerOptions
{
    private const string SqlitePrefix = "sqlite:";

    /// <summary><c>sqlite:</c> and a path; by default <c>ledger.db</c> in <see cref="UploadsFolder"/>. <c>LEDGER_CONNECTION_STRING</c></summary>
    public string? ConnectionString { get; set; }

    /// <summary>Base folder of local uploads, from <see cref="UploadFolderOptions"/>.</summary>
    public string UploadsFolder { get; set; } = "./uploads";

    /// <summary>Whether commits that an answer depends on are flushed, from <see cref="DurabilityOptions"/>.</summary>
    public UploadDurability Durability { get; set; } = UploadDurability.Final;

    /// <summary>The SQLite file.</summary>
    public string SqlitePath => ConnectionString is { } chosen
        ? chosen[SqlitePrefix.Length..]
        : Path.Combine(UploadsFolder, "ledger.db");

    public static void Read(LedgerOptions options, EnvironmentReader env) =>
        options.ConnectionString = env.OptionalText("LEDGER_CONNECTION_STRING")?.Trim();

    /// <summary>The kind of database, from the part before the colon.</summary>
    internal static bool IsSqlite(string connectionString) =>
        connectionString.StartsWith(SqlitePrefix, StringComparison.OrdinalIgnoreCase) && connectionString.Length > SqlitePrefix.Length;
}

/// <summary>Refuses databases this build cannot use. The value may hold a password, so it is never shown.</summary>
internal sealed class LedgerOptionsValidator : IValidateOptions<LedgerOptions>
{
    public ValidateOptionsResult Validate(string? name, LedgerOptions options)
    {
        if (options.ConnectionString is not { } chosen || LedgerOptions.IsSqlite(chosen))
            return ValidateOptionsResult.Success;
        return chosen.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || chosen.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase)
            ? ValidateOptionsResult.Fail("LEDGER_CONNECTION_STRING names a PostgreSQL server; this version keeps its ledger in SQLite only: use sqlite: and a path.")
            : ValidateOptionsResult.Fail("LEDGER_CONNECTION_STRING must be sqlite: followed by a path.");
    }
}
