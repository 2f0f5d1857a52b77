using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Tests.Routing;

/// <summary>As much of a ledger as routing and info ask: uploads and attempts as given, requeued deliveries as they come.</summary>
internal sealed class MemoryLedger : ILedger
{
    public List<(string UploadId, NewDelivery Delivery, IReadOnlyList<OutboxMessage> Messages)> Requeued { get; } = [];

    public Dictionary<string, UploadRecord> Uploads { get; } = [];

    public Dictionary<string, DeliveryAttempt[]> Attempts { get; } = [];

    public Exception? Failure { get; set; }

    public Task<OutboxBatch?> RequeueDeliveryAsync(NewDelivery delivery, string uploadId, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken)
    {
        if (Failure is { } failure)
            return Task.FromException<OutboxBatch?>(failure);
        if (Requeued.Any(waiting => waiting.UploadId == uploadId && waiting.Delivery == delivery))
            return Task.FromResult<OutboxBatch?>(null);
        Requeued.Add((uploadId, delivery, messages));
        return Task.FromResult<OutboxBatch?>(new OutboxBatch(Requeued.Count, messages));
    }

    public Task<UploadRecord?> FindUploadAsync(string uploadId, CancellationToken cancellationToken) =>
        Failure is { } failure ? Task.FromException<UploadRecord?>(failure) : Task.FromResult(Uploads.GetValueOrDefault(uploadId));

    public Task<IReadOnlyList<DeliveryAttempt>> ListAttemptsAsync(string uploadId, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<DeliveryAttempt>>(Attempts.GetValueOrDefault(uploadId) ?? []);

    public Task<OutboxBatch> RecordCreationAsync(UploadRecord upload, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<OutboxBatch?> CompleteUploadAsync(UploadCompletion completion, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task TerminateUploadAsync(string uploadId, DateTimeOffset at, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task AdoptUploadAsync(UploadCompletion completion, IReadOnlyList<DeliveryAttempt> attempts, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IReadOnlySet<string>> FilterEndedAsync(IReadOnlyCollection<string> uploadIds, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IReadOnlyList<DeliveryRecord>> ListDeliveriesAsync(string uploadId, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IReadOnlyList<DeliveryRecord>> ClaimDeliveriesAsync(string target, int limit, string owner, TimeSpan lease, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task RenewClaimsAsync(string owner, TimeSpan lease, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<OutboxBatch?> SettleDeliveryAsync(DeliverySettlement settlement, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task ReleaseClaimsAsync(string owner, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<int> ReclaimDeliveriesAsync(bool all, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<QueueState> ReadQueueAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<OutboxBatch> QueueMessagesAsync(IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IReadOnlyList<OutboxBatch>> ReadOutboxAsync(long afterSequence, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    public void ForgetMessages(long sequence) => throw new NotSupportedException();
    public Task<IReadOnlyList<string>> ListUnfinishedAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
}
