using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Ledger.Sqlite;

/// <summary>The ledger in one SQLite file, for one node (spec: DESIGN decision 4, reliability.md 4).</summary>
/// <remarks>Only changes that an answer depends on wait for the disk; the others are repeated after a loss of power, which does no harm.</remarks>
internal sealed class SqliteLedger : ILedger, IDisposable
{
    private readonly TimeProvider _clock;
    private readonly SqliteWriter _writer;
    private readonly SqliteReaders _readers;

    // Touched by the writer only, which is one at a time.
    private long _highestSequence;

    /// <exception cref="InvalidOperationException">The file cannot be used: written by a newer server, damaged, or not accessible.</exception>
    public SqliteLedger(IOptions<LedgerOptions> options, TimeProvider clock)
    {
        _clock = clock;
        var path = Path.GetFullPath(options.Value.SqlitePath);
        try
        {
            PrivateFolder.Create(Path.GetDirectoryName(path)!);
            CreatePrivateFile(path);
            _writer = new SqliteWriter(path, options.Value.Durability, clock);
        }
        catch (Exception failure) when (failure is Microsoft.Data.Sqlite.SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"The ledger cannot be opened (LEDGER_CONNECTION_STRING, LOCAL_FOLDER_UPLOADS_TUS): {failure.Message}", failure);
        }

        _readers = new SqliteReaders(path);
    }

    public Task<OutboxBatch> RecordCreationAsync(UploadRecord upload, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken)
    {
        var manifest = LedgerText.Write(upload.Manifest);
        var encoded = OutboxCodec.Encode(messages);
        return _writer.WriteAsync(mustFlush: true, database =>
        {
            UploadRows.Insert(database, upload, manifest.Span);
            return Queue(database, messages, encoded);
        }, cancellationToken);
    }

    public Task<OutboxBatch?> CompleteUploadAsync(UploadCompletion completion, CancellationToken cancellationToken)
    {
        var encoded = OutboxCodec.Encode(completion.Messages);
        return _writer.WriteAsync(mustFlush: true, database =>
        {
            if (!UploadRows.Complete(database, completion.Upload))
                return null;
            InsertDeliveries(database, completion);
            return (OutboxBatch?)Queue(database, completion.Messages, encoded);
        }, cancellationToken);
    }

    public Task TerminateUploadAsync(string uploadId, DateTimeOffset at, CancellationToken cancellationToken) =>
        _writer.WriteAsync(mustFlush: true, database =>
        {
            UploadRows.Terminate(database, uploadId, at);
            DeliveryRows.DropWaiting(database, uploadId);
            return true;
        }, cancellationToken);

    public Task<bool> ExpireUploadAsync(string uploadId, DateTimeOffset at, CancellationToken cancellationToken) =>
        _writer.WriteAsync(mustFlush: false, database => UploadRows.Expire(database, uploadId, at), cancellationToken);

    public Task AdoptUploadAsync(UploadCompletion completion, IReadOnlyList<DeliveryAttempt> attempts, CancellationToken cancellationToken) =>
        _writer.WriteAsync(mustFlush: true, database =>
        {
            if (!UploadRows.Complete(database, completion.Upload))
                return false;
            foreach (var attempt in attempts)
                AttemptRows.Insert(database, completion.Upload.UploadId, attempt);
            InsertDeliveries(database, completion);
            return true;
        }, cancellationToken);

    public Task<UploadRecord?> FindUploadAsync(string uploadId, CancellationToken cancellationToken) =>
        ReadAsync(database => UploadRows.Find(database, uploadId), cancellationToken);

    public Task<IReadOnlySet<string>> FilterEndedAsync(IReadOnlyCollection<string> uploadIds, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlySet<string>>(
            database => uploadIds.Where(id => UploadRows.HasEnded(database, id)).ToHashSet(StringComparer.Ordinal), cancellationToken);

    public Task<IReadOnlyList<DeliveryAttempt>> ListAttemptsAsync(string uploadId, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<DeliveryAttempt>>(database => AttemptRows.List(database, uploadId), cancellationToken);

    public Task<IReadOnlyList<DeliveryRecord>> ListDeliveriesAsync(string uploadId, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<DeliveryRecord>>(database => DeliveryRows.List(database, uploadId), cancellationToken);

    public Task<bool> HasDeliveryAsync(string target, string path, CancellationToken cancellationToken) =>
        ReadAsync(database => DeliveryRows.Has(database, target, path), cancellationToken);

    public Task<IReadOnlyList<DeliveryRecord>> ClaimDeliveriesAsync(string target, int limit, string owner, TimeSpan lease, CancellationToken cancellationToken) =>
        _writer.WriteAsync<IReadOnlyList<DeliveryRecord>>(
            mustFlush: false, database => DeliveryRows.Claim(database, target, limit, owner, _clock.GetUtcNow(), lease), cancellationToken);

    public Task RenewClaimsAsync(string owner, TimeSpan lease, CancellationToken cancellationToken) =>
        _writer.WriteAsync(mustFlush: false, database =>
        {
            DeliveryRows.Renew(database, owner, _clock.GetUtcNow() + lease);
            return true;
        }, cancellationToken);

    public Task<OutboxBatch?> SettleDeliveryAsync(DeliverySettlement settlement, CancellationToken cancellationToken)
    {
        var encoded = OutboxCodec.Encode(settlement.Messages);
        return _writer.WriteAsync(mustFlush: false, database =>
        {
            if (!DeliveryRows.Settle(database, settlement))
                return null;
            AttemptRows.Insert(database, settlement.Delivery.UploadId, settlement.Attempt);
            return (OutboxBatch?)Queue(database, settlement.Messages, encoded);
        }, cancellationToken);
    }

    public Task ReleaseClaimsAsync(string owner, CancellationToken cancellationToken) =>
        _writer.WriteAsync(mustFlush: false, database =>
        {
            DeliveryRows.Release(database, owner);
            return true;
        }, cancellationToken);

    public Task<int> ReclaimDeliveriesAsync(bool all, CancellationToken cancellationToken) =>
        _writer.WriteAsync(mustFlush: false, database => DeliveryRows.Reclaim(database, all, _clock.GetUtcNow()), cancellationToken);

    public Task HastenDeliveriesAsync(string target, CancellationToken cancellationToken) =>
        _writer.WriteAsync(mustFlush: false, database =>
        {
            DeliveryRows.Hasten(database, target, _clock.GetUtcNow());
            return true;
        }, cancellationToken);

    public Task<IReadOnlyList<string>> ListWaitingTargetsAsync(CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<string>>(DeliveryRows.ListWaitingTargets, cancellationToken);

    public Task<OutboxBatch?> RequeueDeliveryAsync(NewDelivery delivery, string uploadId, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken)
    {
        var encoded = OutboxCodec.Encode(messages);
        return _writer.WriteAsync(
            mustFlush: true,
            database => DeliveryRows.Requeue(database, uploadId, delivery, _clock.GetUtcNow()) ? Queue(database, messages, encoded) : null,
            cancellationToken);
    }

    public Task<QueueState> ReadQueueAsync(CancellationToken cancellationToken) => ReadAsync(DeliveryRows.ReadQueue, cancellationToken);

    public Task<OutboxBatch> QueueMessagesAsync(IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken)
    {
        if (messages.Count == 0)
            return Task.FromResult(OutboxBatch.Nothing);
        var encoded = OutboxCodec.Encode(messages);
        return _writer.WriteAsync(mustFlush: false, database => Queue(database, messages, encoded), cancellationToken);
    }

    public Task<IReadOnlyList<OutboxBatch>> ReadOutboxAsync(long afterSequence, int limit, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<OutboxBatch>>(database => OutboxRows.Read(database, afterSequence, limit), cancellationToken);

    public void ForgetMessages(long sequence) => _writer.Forget(sequence);

    public Task<IReadOnlyList<string>> ListUnfinishedAsync(CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<string>>(UploadRows.ListUnfinished, cancellationToken);

    public void Dispose()
    {
        _readers.Dispose();
        _writer.Dispose();
    }

    /// <summary>SQLite would make it readable by all; its log takes over the mode of the file.</summary>
    private static void CreatePrivateFile(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        using var file = new FileStream(path, options);
    }

    private void InsertDeliveries(SqliteDatabase database, UploadCompletion completion)
    {
        var now = _clock.GetUtcNow();
        foreach (var delivery in completion.Deliveries)
            DeliveryRows.Insert(database, completion.Upload.UploadId, delivery, now);
    }

    private OutboxBatch Queue(SqliteDatabase database, IReadOnlyList<OutboxMessage> messages, byte[] encoded)
    {
        if (messages.Count == 0)
            return OutboxBatch.Nothing;
        _highestSequence = OutboxRows.Insert(database, _highestSequence + 1, encoded);
        return new OutboxBatch(_highestSequence, messages);
    }

    // Reads are short and come from memory mostly, so they are done where they are asked for, without a change of thread.
    private Task<TResult> ReadAsync<TResult>(Func<SqliteDatabase, TResult> read, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled<TResult>(cancellationToken) : Task.FromResult(_readers.Read(read));
}
