namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>One caller's change, waiting for its turn in a transaction.</summary>
/// <param name="mustFlush">Whether an answer depends on it, so that its commit must survive a loss of power.</param>
internal abstract class SqliteChange(bool mustFlush)
{
    public bool MustFlush => mustFlush;

    /// <summary>Makes the change. It may be run again if the transaction around it failed for another's sake.</summary>
    public abstract void Apply(SqliteDatabase database);

    /// <summary>Tells the caller that the change is committed.</summary>
    public abstract void Succeed();

    /// <summary>Tells the caller that nothing of it was kept.</summary>
    public abstract void Fail(Exception reason);
}

internal sealed class SqliteChange<TResult>(bool mustFlush, Func<SqliteDatabase, TResult> apply) : SqliteChange(mustFlush)
{
    // Continuations run elsewhere: they must not hold up the writer.
    private readonly TaskCompletionSource<TResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TResult? _result;

    public Task<TResult> Done => _done.Task;

    public override void Apply(SqliteDatabase database) => _result = apply(database);

    public override void Succeed() => _done.SetResult(_result!);

    public override void Fail(Exception reason) => _done.SetException(reason);
}
