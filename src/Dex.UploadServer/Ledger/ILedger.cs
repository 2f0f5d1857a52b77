using System.Collections.Immutable;

namespace Dex.UploadServer.Ledger;

/// <summary>The one relational record of every upload and every delivery: delivery queue, outbox, and the truth behind <c>/info</c>.</summary>
/// <remarks>
/// A method that changes something returns when the change is committed: it survives the end of the process. Creation, completion,
/// termination, adoption and requeueing are flushed too (unless durability is <c>none</c>); what is lost of the rest in a power
/// failure happens again. Changes of concurrent callers share a commit; one that fails leaves nothing behind and throws an
/// <see cref="IOException"/>. Messages queued together are of one upload. spec: DESIGN decisions 4 and 5, reliability.md 2 and 4.
/// </remarks>
internal interface ILedger
{
    /// <summary>Records that an upload exists. Recording the same id again changes nothing but still queues the messages.</summary>
    /// <returns>The messages with their sequence numbers.</returns>
    Task<OutboxBatch> RecordCreationAsync(UploadRecord upload, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken);

    /// <summary>In one transaction: marks the upload complete, inserts its deliveries, queues the messages. An upload not recorded yet is recorded.</summary>
    /// <returns>Null if the upload was complete already, or terminated: then nothing was inserted.</returns>
    Task<OutboxBatch?> CompleteUploadAsync(UploadCompletion completion, CancellationToken cancellationToken);

    /// <summary>Marks an upload terminated and drops its waiting deliveries. Unknown uploads are ignored.</summary>
    Task TerminateUploadAsync(string uploadId, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Marks an upload expired: it was not finished in time and is removed. One that is finished all the same is completed as any other.</summary>
    /// <returns>Whether it was recorded, and neither complete, nor terminated, nor expired before.</returns>
    Task<bool> ExpireUploadAsync(string uploadId, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Takes over a finished upload of a predecessor: its completion, past attempts, and deliveries still owed. Does nothing if the upload is known as complete. Its messages are the predecessor's, so none are queued.</summary>
    Task AdoptUploadAsync(UploadCompletion completion, IReadOnlyList<DeliveryAttempt> attempts, CancellationToken cancellationToken);

    /// <summary>The record of an upload, or null.</summary>
    Task<UploadRecord?> FindUploadAsync(string uploadId, CancellationToken cancellationToken);

    /// <summary>Which of these uploads are recorded as complete or terminated.</summary>
    Task<IReadOnlySet<string>> FilterEndedAsync(IReadOnlyCollection<string> uploadIds, CancellationToken cancellationToken);

    /// <summary>Every delivery attempt of an upload, oldest first.</summary>
    Task<IReadOnlyList<DeliveryAttempt>> ListAttemptsAsync(string uploadId, CancellationToken cancellationToken);

    /// <summary>The deliveries of an upload, in the order they were inserted.</summary>
    Task<IReadOnlyList<DeliveryRecord>> ListDeliveriesAsync(string uploadId, CancellationToken cancellationToken);

    /// <summary>Whether any upload has a delivery to that path of a target, whatever became of it.</summary>
    Task<bool> HasDeliveryAsync(string target, string path, CancellationToken cancellationToken);

    /// <summary>Claims waiting deliveries for one target whose time has come, oldest first: state becomes running under a lease.</summary>
    /// <param name="target">Name of the target's lane; deliveries of other targets are left alone.</param>
    /// <param name="limit">At most so many, 1 or more.</param>
    /// <param name="lease">How long the claim holds without renewal.</param>
    Task<IReadOnlyList<DeliveryRecord>> ClaimDeliveriesAsync(string target, int limit, string owner, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Extends the lease of every delivery that this owner runs.</summary>
    Task RenewClaimsAsync(string owner, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>In one transaction: records how a claimed attempt ended, what becomes of the delivery, and queues the messages.</summary>
    /// <returns>Null if the claim was lost (lease over and taken, or the delivery was requeued): then nothing was recorded.</returns>
    Task<OutboxBatch?> SettleDeliveryAsync(DeliverySettlement settlement, CancellationToken cancellationToken);

    /// <summary>Hands claimed deliveries back unchanged (attempt not counted), as at shutdown.</summary>
    Task ReleaseClaimsAsync(string owner, CancellationToken cancellationToken);

    /// <summary>Turns running deliveries whose lease is over, or (with <paramref name="all"/>) all running ones, back to waiting.</summary>
    /// <returns>How many were turned back.</returns>
    Task<int> ReclaimDeliveriesAsync(bool all, CancellationToken cancellationToken);

    /// <summary>Makes every waiting delivery of a target due now, as when a target that was down is back (spec: reliability.md R6).</summary>
    Task HastenDeliveriesAsync(string target, CancellationToken cancellationToken);

    /// <summary>Keys of all targets that waiting deliveries are for, so that those of a target no longer configured end visibly (spec: reliability.md R2).</summary>
    Task<IReadOnlyList<string>> ListWaitingTargetsAsync(CancellationToken cancellationToken);

    /// <summary>Turns the upload's delivery to a target into a new run with a fresh count (or inserts one), and queues the messages (<c>POST /route</c>, spec: reliability.md R3).</summary>
    /// <returns>Null if the same file is on its way to the same place: waiting for its first attempt, or running. What is running tells its own end.</returns>
    Task<OutboxBatch?> RequeueDeliveryAsync(NewDelivery delivery, string uploadId, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken);

    /// <summary>Waiting and running deliveries, and the earliest time at which a waiting one is due.</summary>
    Task<QueueState> ReadQueueAsync(CancellationToken cancellationToken);

    /// <summary>Queues messages by themselves.</summary>
    Task<OutboxBatch> QueueMessagesAsync(IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken);

    /// <summary>Messages still to be sent, oldest first.</summary>
    Task<IReadOnlyList<OutboxBatch>> ReadOutboxAsync(long afterSequence, int limit, CancellationToken cancellationToken);

    /// <summary>Forgets a batch that has been sent. Returns at once; the commit follows.</summary>
    void ForgetMessages(long sequence);

    /// <summary>Ids of uploads recorded and not yet complete, terminated or expired.</summary>
    Task<IReadOnlyList<string>> ListUnfinishedAsync(CancellationToken cancellationToken);
}

/// <summary>What the ledger knows of an upload.</summary>
internal sealed record UploadRecord
{
    public required string UploadId { get; init; }

    /// <summary>The enriched manifest, sorted by key.</summary>
    public required ImmutableSortedDictionary<string, string> Manifest { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Bytes, null while deferred.</summary>
    public long? Length { get; init; }

    /// <summary>A piece of a later upload: never delivered.</summary>
    public bool IsPartial { get; init; }

    /// <summary>When completion was recorded; null before.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>When its client deleted it; null otherwise.</summary>
    public DateTimeOffset? TerminatedAt { get; init; }

    /// <summary>When it was removed because nobody finished it; null otherwise.</summary>
    public DateTimeOffset? ExpiredAt { get; init; }

    /// <summary>CRC-32C of all bytes; null before completion.</summary>
    public uint? Crc32C { get; init; }
}

/// <summary>An upload that became complete, with all that follows from it.</summary>
/// <param name="Upload">With <see cref="UploadRecord.CompletedAt"/>, length and checksum set.</param>
/// <param name="Deliveries">One for each target of its routing group, in the group's order; none for partial uploads.</param>
/// <param name="Messages">Reports and events to send.</param>
internal sealed record UploadCompletion(UploadRecord Upload, IReadOnlyList<NewDelivery> Deliveries, IReadOnlyList<OutboxMessage> Messages);

/// <summary>A file to be carried to one target under one name.</summary>
/// <param name="Target">The target's plain name, as in reports.</param>
/// <param name="TargetKey">Which definition of that name: equal to <paramref name="Target"/> unless a program defines its own (spec: delivery.md 1.2).</param>
/// <param name="Path">Rendered path below the target's root.</param>
/// <param name="SourceUrl">The event's <c>src_url</c>: empty, or the upload id for a redelivery.</param>
/// <param name="AttemptsBefore">Attempts a predecessor has used up.</param>
internal sealed record NewDelivery(string Target, string TargetKey, string Path, string SourceUrl = "", int AttemptsBefore = 0);

/// <summary>Where a delivery stands (spec: reliability.md Q3).</summary>
internal enum DeliveryState
{
    Waiting,
    Running,
    Done,
    Dead,
}

/// <summary>One delivery of one upload to one target.</summary>
internal sealed record DeliveryRecord
{
    public required long DeliveryId { get; init; }
    public required string UploadId { get; init; }
    public required string Target { get; init; }
    public required string TargetKey { get; init; }
    public required string Path { get; init; }
    public required string SourceUrl { get; init; }
    public required DeliveryState State { get; init; }

    /// <summary>Attempts made in this run, the current one not counted.</summary>
    public required int Attempts { get; init; }
    public required DateTimeOffset NextAttemptAt { get; init; }

    /// <summary>Raised by every claim and requeue; a settlement under an older one is refused.</summary>
    public required long Claim { get; init; }
    public string? LastError { get; init; }

    /// <summary>The upload's manifest, length and checksum; null only if the upload's row is missing.</summary>
    public UploadRecord? Upload { get; init; }
}

/// <summary>How one attempt ended, as <c>/info</c> shows it.</summary>
internal sealed record DeliveryAttempt
{
    public required string Target { get; init; }
    public required bool Succeeded { get; init; }

    /// <summary>Where the file is; empty on failure.</summary>
    public required string Location { get; init; }
    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>Level and message of each issue; none on plain success.</summary>
    public ImmutableArray<AttemptIssue> Issues { get; init; } = [];
}

/// <summary>One complaint about an attempt.</summary>
/// <param name="Level"><c>ERROR</c> or <c>WARNING</c>.</param>
/// <param name="Message">Text for people, without secrets.</param>
internal sealed record AttemptIssue(string Level, string Message);

/// <summary>The end of one attempt.</summary>
/// <param name="Delivery">As claimed.</param>
/// <param name="Attempt">What to show.</param>
/// <param name="NewState">Done, Dead, or Waiting for another try.</param>
/// <param name="NextAttemptAt">When to try again; meaningful for Waiting.</param>
/// <param name="Messages">Reports to send.</param>
internal sealed record DeliverySettlement(
    DeliveryRecord Delivery, DeliveryAttempt Attempt, DeliveryState NewState, DateTimeOffset NextAttemptAt, IReadOnlyList<OutboxMessage> Messages);

/// <summary>How long the queue is.</summary>
/// <param name="Waiting">Deliveries waiting, due or not.</param>
/// <param name="Running">Deliveries running.</param>
/// <param name="NextDue">The earliest time a waiting one is due; null when none waits.</param>
internal sealed record QueueState(int Waiting, int Running, DateTimeOffset? NextDue);

/// <summary>What kind of message, so which sinks it goes to.</summary>
internal enum MessageKind
{
    /// <summary>For people and the Processing Status API.</summary>
    Report,

    /// <summary>Work to be done: FileReady.</summary>
    Event,
}

/// <summary>One message for files and brokers.</summary>
/// <param name="Kind">Report or event.</param>
/// <param name="UploadId">Messages of one upload are sent in order.</param>
/// <param name="Type">Report type or <c>FileReady</c>.</param>
/// <param name="Json">The message, one compact JSON object without line end, UTF-8.</param>
internal sealed record OutboxMessage(MessageKind Kind, string UploadId, string Type, ReadOnlyMemory<byte> Json);

/// <summary>Messages queued together, in order.</summary>
/// <param name="Sequence">The batch's number, rising; 0 when there was nothing to queue.</param>
internal sealed record OutboxBatch(long Sequence, IReadOnlyList<OutboxMessage> Messages)
{
    public static readonly OutboxBatch Nothing = new(0, []);
}
