using Dex.UploadServer.Hosting;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>The one writer of the ledger's file: changes that wait together share a transaction and its flush (group commit).</summary>
/// <remarks>
/// There is at most one writer at a time, and it has no thread of its own: it stands in line in the thread pool behind everything
/// that can run, so the busier the server, the more changes have gathered when its turn comes; an idle server writes at once. A change
/// that fails fails alone: its group is rolled back and repeated one by one.
/// </remarks>
internal sealed class SqliteWriter : IDisposable
{
    private const int GroupLimit = 256;

    /// <summary>Callers beyond this wait before they queue; each has one change, so the queue is bounded without ever blocking the writer.</summary>
    private const int PendingLimit = 4096;

    private const int NoSpaceOnDevice = 28;

    /// <summary>How long sent messages may stay in the outbox while nothing else is written.</summary>
    private static readonly TimeSpan ForgetDelay = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly Queue<SqliteChange> _pending = new();
    private readonly SemaphoreSlim _room = new(PendingLimit);
    private readonly ManualResetEventSlim _idle = new(initialState: true);
    private readonly List<SqliteChange> _group = [];
    private readonly string _path;
    private readonly UploadDurability _durability;
    private readonly ITimer _forgetTimer;
    private List<long> _forgotten = [];
    private bool _writing;
    private bool _stopped;
    private SqliteDatabase? _database;

    public SqliteWriter(string path, UploadDurability durability, TimeProvider clock)
    {
        _path = path;
        _durability = durability;
        _database = Open();
        _forgetTimer = clock.CreateTimer(_ => WriteIfIdle(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Makes a change and returns when it is committed.</summary>
    /// <exception cref="IOException">The disk is full or failed; nothing of the change was kept.</exception>
    public async Task<TResult> WriteAsync<TResult>(bool mustFlush, Func<SqliteDatabase, TResult> apply, CancellationToken cancellationToken)
    {
        await _room.WaitAsync(cancellationToken);
        try
        {
            var change = new SqliteChange<TResult>(mustFlush, apply);
            bool mine;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_stopped, this);
                _pending.Enqueue(change);
                mine = TryBecomeWriter();
            }

            if (mine)
                QueueGroup();
            return await change.Done;
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>Deletes an outbox row with one of the next commits.</summary>
    public void Forget(long sequence)
    {
        bool mine;
        lock (_gate)
        {
            if (_stopped)
                return;
            _forgotten.Add(sequence);
            if (_forgotten.Count == 1)
                _forgetTimer.Change(ForgetDelay, Timeout.InfiniteTimeSpan);
            mine = _forgotten.Count >= GroupLimit && TryBecomeWriter();
        }

        if (mine)
            QueueGroup();
    }

    /// <summary>Writes what is pending, then merges the write-ahead log into the file.</summary>
    public void Dispose()
    {
        bool mine;
        lock (_gate)
        {
            if (_stopped)
                return;
            _stopped = true;
            mine = TryBecomeWriter();
        }

        if (mine)
            WriteGroup();
        _idle.Wait();
        _forgetTimer.Dispose();
        _database?.Dispose(); // the last connection to close checkpoints
    }

    private bool TryBecomeWriter()
    {
        if (_writing)
            return false;
        _writing = true;
        _idle.Reset();
        return true;
    }

    private void WriteIfIdle()
    {
        lock (_gate)
        {
            if (_stopped || _forgotten.Count == 0 || !TryBecomeWriter())
                return;
        }

        QueueGroup();
    }

    private void QueueGroup() => ThreadPool.UnsafeQueueUserWorkItem(static writer => writer.WriteGroup(), this, preferLocal: false);

    /// <summary>Writes one group; the caller has become the writer. Leaves the role, or passes it on if more has gathered.</summary>
    private void WriteGroup()
    {
        List<long> forgotten;
        lock (_gate)
        {
            while (_group.Count < GroupLimit && _pending.TryDequeue(out var change))
                _group.Add(change);
            forgotten = _forgotten;
            _forgotten = [];
        }

        if (!TryCommit(_group, forgotten, out var reason))
        {
            if (_group.Count == 1 && forgotten.Count == 0)
                _group[0].Fail(reason);
            else
                WriteOneByOne(forgotten);
        }

        _group.Clear();
        lock (_gate)
        {
            if (_pending.Count == 0)
            {
                _writing = false;
                _idle.Set();
                return;
            }
        }

        QueueGroup();
    }

    private void WriteOneByOne(List<long> forgotten)
    {
        foreach (var change in _group)
        {
            if (!TryCommit([change], [], out var reason))
                change.Fail(reason);
        }

        if (forgotten.Count > 0 && !TryCommit([], forgotten, out _))
        {
            // Their messages would at worst be sent again after a restart; the next commit tries again.
            lock (_gate)
                _forgotten.AddRange(forgotten);
            _forgetTimer.Change(ForgetDelay, Timeout.InfiniteTimeSpan);
        }
    }

    private bool TryCommit(List<SqliteChange> changes, List<long> forgotten, out Exception reason)
    {
        try
        {
            _database ??= Open();
            if (_durability != UploadDurability.None)
                _database.SetFlush(changes.Exists(static change => change.MustFlush));
            Step("BEGIN IMMEDIATE");
            foreach (var change in changes)
                change.Apply(_database);
            foreach (var sequence in forgotten)
                OutboxRows.Delete(_database, sequence);
            Step("COMMIT");
        }
        catch (Exception failure) // Whatever it was, it belongs to the callers; the writer goes on.
        {
            reason = failure is SqliteException sqlite ? Translate(sqlite) : failure;
            Recover(failure);
            return false;
        }

        foreach (var change in changes)
            change.Succeed();
        reason = null!;
        return true;
    }

    private void Step(string sql)
    {
        using var statement = _database!.Use(sql);
        statement.Step();
    }

    private void Recover(Exception failure)
    {
        try
        {
            if (_database is { InTransaction: true })
                Step("ROLLBACK");
            // After an error of the device the connection's view of the file is not to be trusted.
            if (failure is not SqliteException { SqliteErrorCode: raw.SQLITE_IOERR or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_CANTOPEN })
                return;
        }
        catch (SqliteException)
        {
            // Not even rolled back: open anew, which ignores what was not committed.
        }

        _database?.Dispose();
        _database = null;
    }

    private static IOException Translate(SqliteException failure) => failure.SqliteErrorCode == raw.SQLITE_FULL
        ? new IOException("The ledger's disk is full.", NoSpaceOnDevice)
        : new IOException("The ledger could not be written.", failure);

    private SqliteDatabase Open()
    {
        var database = SqliteDatabase.OpenForWriting(_path);
        if (_durability == UploadDurability.None)
            database.NeverFlush();
        return database;
    }
}
