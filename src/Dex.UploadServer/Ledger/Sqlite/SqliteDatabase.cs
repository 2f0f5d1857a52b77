using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>One open connection to the ledger's file with its prepared statements. Used by one thread at a time.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    // Statements are constants, so the text's identity finds them; hashing whole texts would cost more than running them.
    private readonly Dictionary<string, SqliteStatement> _statements = new(ReferenceEqualityComparer.Instance);
    private readonly SqliteConnection _connection;
    private bool? _flushes;

    private SqliteDatabase(string path, SqliteOpenMode mode)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        try
        {
            _connection.Open();
            // A second process on the file, as in a rolling restart, is waited for.
            Run("PRAGMA busy_timeout = 5000");
            Run("PRAGMA temp_store = MEMORY");
            // Plans must not depend on bound values: SQLite would prepare some statements anew for every use.
            SqliteException.ThrowExceptionForRC(
                raw.sqlite3_db_config(_connection.Handle!, raw.SQLITE_DBCONFIG_ENABLE_QPSG, 1, out _), _connection.Handle!);
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>The connection that writes. The file is created if missing; its schema is brought up to date.</summary>
    /// <exception cref="InvalidOperationException">A newer version of the server wrote this file.</exception>
    public static SqliteDatabase OpenForWriting(string path)
    {
        var database = new SqliteDatabase(path, SqliteOpenMode.ReadWriteCreate);
        try
        {
            database.Run("PRAGMA journal_mode = WAL");
            // 16 MiB of log between checkpoints: pages that change again and again are then copied once, not every time.
            database.Run("PRAGMA wal_autocheckpoint = 4000");
            database.Run("PRAGMA cache_size = -8000");
            database.Run("PRAGMA synchronous = FULL");
            SqliteSchema.Migrate(database);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public static SqliteDatabase OpenForReading(string path) => new(path, SqliteOpenMode.ReadOnly);

    /// <summary>A statement ready to be bound. <paramref name="sql"/> must be a constant.</summary>
    public SqliteStatement Use(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
            _statements.Add(sql, statement = new SqliteStatement(_connection.Handle!, sql));
        return statement;
    }

    /// <summary>Runs SQL that is not worth keeping.</summary>
    public void Run(string sql)
    {
        using var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this room only; no value from outside is ever part of a statement.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    /// <summary>Whether the next commit reaches the disk before it returns.</summary>
    public void SetFlush(bool flush)
    {
        if (_flushes == flush)
            return;
        SqliteException.ThrowExceptionForRC(
            raw.sqlite3_exec(_connection.Handle!, flush ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"), _connection.Handle!);
        _flushes = flush;
    }

    /// <summary>Never flushes from now on (durability <c>none</c>).</summary>
    public void NeverFlush() => Run("PRAGMA synchronous = OFF");

    /// <summary>Key of the row inserted last.</summary>
    public long LastInsertedRow => raw.sqlite3_last_insert_rowid(_connection.Handle!);

    /// <summary>Whether a transaction is open.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_connection.Handle!) == 0;

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Close();
        _connection.Dispose();
    }
}
