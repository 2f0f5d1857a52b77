using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Tests.Delivery;

/// <summary>A ledger that the delivery worker cannot always reach.</summary>
internal sealed class FlakyLedger(ILedger inner) : ILedger
{
    private int _refused;

    public bool IsDown { get; set; }

    public bool RefusesSettlements { get; set; }

    public int Refused => Volatile.Read(ref _refused);

    public Task<IReadOnlyList<DeliveryRecord>> ClaimDeliveriesAsync(string target, int limit, string owner, TimeSpan lease, CancellationToken cancellationToken) =>
        IsDown ? Refuse<IReadOnlyList<DeliveryRecord>>() : inner.ClaimDeliveriesAsync(target, limit, owner, lease, cancellationToken);

    public Task RenewClaimsAsync(string owner, TimeSpan lease, CancellationToken cancellationToken) =>
        IsDown ? Refuse<bool>() : inner.RenewClaimsAsync(owner, lease, cancellationToken);

    public Task<OutboxBatch?> SettleDeliveryAsync(DeliverySettlement settlement, CancellationToken cancellationToken) =>
        IsDown || RefusesSettlements ? Refuse<OutboxBatch?>() : inner.SettleDeliveryAsync(settlement, cancellationToken);

    public Task<OutboxBatch> RecordCreationAsync(UploadRecord upload, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken) => inner.RecordCreationAsync(upload, messages, cancellationToken);
    public Task<OutboxBatch?> CompleteUploadAsync(UploadCompletion completion, CancellationToken cancellationToken) => inner.CompleteUploadAsync(completion, cancellationToken);
    public Task TerminateUploadAsync(string uploadId, DateTimeOffset at, CancellationToken cancellationToken) => inner.TerminateUploadAsync(uploadId, at, cancellationToken);
    public Task<bool> ExpireUploadAsync(string uploadId, DateTimeOffset at, CancellationToken cancellationToken) => IsDown ? Refuse<bool>() : inner.ExpireUploadAsync(uploadId, at, cancellationToken);
    public Task AdoptUploadAsync(UploadCompletion completion, IReadOnlyList<DeliveryAttempt> attempts, CancellationToken cancellationToken) => inner.AdoptUploadAsync(completion, attempts, cancellationToken);
    public Task<UploadRecord?> FindUploadAsync(string uploadId, CancellationToken cancellationToken) => inner.FindUploadAsync(uploadId, cancellationToken);
    public Task<IReadOnlySet<string>> FilterEndedAsync(IReadOnlyCollection<string> uploadIds, CancellationToken cancellationToken) => inner.FilterEndedAsync(uploadIds, cancellationToken);
    public Task<IReadOnlyList<DeliveryAttempt>> ListAttemptsAsync(string uploadId, CancellationToken cancellationToken) => inner.ListAttemptsAsync(uploadId, cancellationToken);
    public Task<IReadOnlyList<DeliveryRecord>> ListDeliveriesAsync(string uploadId, CancellationToken cancellationToken) => inner.ListDeliveriesAsync(uploadId, cancellationToken);
    public Task ReleaseClaimsAsync(string owner, CancellationToken cancellationToken) => inner.ReleaseClaimsAsync(owner, cancellationToken);
    public Task<int> ReclaimDeliveriesAsync(bool all, CancellationToken cancellationToken) => inner.ReclaimDeliveriesAsync(all, cancellationToken);
    public Task HastenDeliveriesAsync(string target, CancellationToken cancellationToken) => inner.HastenDeliveriesAsync(target, cancellationToken);
    public Task<bool> HasDeliveryAsync(string target, string path, CancellationToken cancellationToken) => inner.HasDeliveryAsync(target, path, cancellationToken);

    public Task<IReadOnlyList<string>> ListWaitingTargetsAsync(CancellationToken cancellationToken) => inner.ListWaitingTargetsAsync(cancellationToken);
    public Task<OutboxBatch?> RequeueDeliveryAsync(NewDelivery delivery, string uploadId, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken) => inner.RequeueDeliveryAsync(delivery, uploadId, messages, cancellationToken);
    public Task<QueueState> ReadQueueAsync(CancellationToken cancellationToken) => inner.ReadQueueAsync(cancellationToken);
    public Task<OutboxBatch> QueueMessagesAsync(IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken) => inner.QueueMessagesAsync(messages, cancellationToken);
    public Task<IReadOnlyList<OutboxBatch>> ReadOutboxAsync(long afterSequence, int limit, CancellationToken cancellationToken) => inner.ReadOutboxAsync(afterSequence, limit, cancellationToken);
    public void ForgetMessages(long sequence) => inner.ForgetMessages(sequence);
    public Task<IReadOnlyList<string>> ListUnfinishedAsync(CancellationToken cancellationToken) => inner.ListUnfinishedAsync(cancellationToken);

    private Task<T> Refuse<T>()
    {
        Interlocked.Increment(ref _refused);
        return Task.FromException<T>(new IOException("the ledger is away"));
    }
}
