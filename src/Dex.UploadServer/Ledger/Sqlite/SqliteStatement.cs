using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>A prepared statement in use: bind its values in order, step through its rows, and dispose it to lay it back for the next use.</summary>
/// <remarks>
/// The ledger's statements run several times for every upload, so they go to SQLite directly: values are bound by position and
/// without boxing, which an ADO.NET command cannot do.
/// </remarks>
internal sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private int _bound;

    public SqliteStatement(sqlite3 database, string sql)
    {
        _database = database;
        Check(raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
    }

    public SqliteStatement Bind(long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, ++_bound, value));
        return this;
    }

    public SqliteStatement Bind(long? value)
    {
        if (value is { } present)
            return Bind(present);
        Check(raw.sqlite3_bind_null(_statement, ++_bound));
        return this;
    }

    public SqliteStatement Bind(string value)
    {
        if (value.Length > 128)
            return BindText(Encoding.UTF8.GetBytes(value));
        Span<byte> bytes = stackalloc byte[3 * 128];
        return BindText(bytes[..Encoding.UTF8.GetBytes(value, bytes)]);
    }

    public SqliteStatement BindText(ReadOnlySpan<byte> utf8)
    {
        // An empty span is a null pointer to SQLite, which would store NULL.
        Check(utf8.IsEmpty ? raw.sqlite3_bind_text(_statement, ++_bound, "") : raw.sqlite3_bind_text(_statement, ++_bound, utf8));
        return this;
    }

    public SqliteStatement BindBytes(ReadOnlySpan<byte> bytes)
    {
        Check(raw.sqlite3_bind_blob(_statement, ++_bound, bytes));
        return this;
    }

    /// <summary>Runs up to the next row.</summary>
    /// <returns>Whether there is one.</returns>
    public bool Step()
    {
        var result = raw.sqlite3_step(_statement);
        if (result is raw.SQLITE_ROW)
            return true;
        if (result is raw.SQLITE_DONE)
            return false;
        throw Failure(result);
    }

    /// <summary>Runs a statement that has no rows.</summary>
    /// <returns>How many rows it changed.</returns>
    public int Run()
    {
        while (Step())
        {
        }

        return raw.sqlite3_changes(_database);
    }

    public long Integer(int column) => raw.sqlite3_column_int64(_statement, column);

    public long? OptionalInteger(int column) => IsNull(column) ? null : Integer(column);

    public string Text(int column) => Encoding.UTF8.GetString(Bytes(column));

    public string? OptionalText(int column) => IsNull(column) ? null : Text(column);

    /// <summary>The value in place; valid until the next step.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(_statement, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public void Dispose()
    {
        // Its result repeats the error of the last step, which has been thrown already.
        raw.sqlite3_reset(_statement);
        _bound = 0;
    }

    public void Close() => _statement.Dispose();

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
            throw Failure(result);
    }

    private SqliteException Failure(int result) =>
        new($"SQLite error {result}: {raw.sqlite3_errmsg(_database).utf8_to_string()}", result, raw.sqlite3_extended_errcode(_database));
}
