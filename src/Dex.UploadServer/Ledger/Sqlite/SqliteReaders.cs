using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>A few read-only connections. Each read sees every commit made before it began, and never waits for the writer.</summary>
internal sealed class SqliteReaders(string path) : IDisposable
{
    private const int Kept = 4;

    private readonly ConcurrentBag<SqliteDatabase> _spare = [];
    private volatile bool _stopped;

    /// <exception cref="IOException">The ledger could not be read.</exception>
    public TResult Read<TResult>(Func<SqliteDatabase, TResult> read)
    {
        ObjectDisposedException.ThrowIf(_stopped, this);
        SqliteDatabase? database = null;
        try
        {
            database = _spare.TryTake(out var spare) ? spare : SqliteDatabase.OpenForReading(path);
            var result = read(database);
            if (_spare.Count < Kept && !_stopped)
            {
                _spare.Add(database);
                database = null;
            }

            return result;
        }
        catch (SqliteException failure)
        {
            throw new IOException("The ledger could not be read.", failure);
        }
        finally
        {
            database?.Dispose();
        }
    }

    public void Dispose()
    {
        _stopped = true;
        while (_spare.TryTake(out var database))
            database.Dispose();
    }
}
