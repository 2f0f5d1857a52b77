using System.Diagnostics.CodeAnalysis;

namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>Times as the columns hold them: UTC ticks.</summary>
internal static class SqliteTime
{
    public static DateTimeOffset Read(long ticks) => new(ticks, TimeSpan.Zero);

    [return: NotNullIfNotNull(nameof(ticks))]
    public static DateTimeOffset? Read(long? ticks) => ticks is { } present ? Read(present) : null;
}
