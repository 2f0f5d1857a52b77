using System.Collections.Immutable;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Reports;

/// <summary>Builds report messages, byte for byte as readers know them (spec: reports-and-events.md 2 and 3), and logs each as <c>REPORT {type}</c>.</summary>
internal interface IReportWriter
{
    OutboxMessage MetadataTransform(string uploadId, ImmutableSortedDictionary<string, string> manifest, string ingestedAt);

    /// <param name="problems">All lines of the verdict; none when accepted.</param>
    OutboxMessage MetadataVerify(string uploadId, ImmutableSortedDictionary<string, string> manifest, IReadOnlyList<string> problems, DateTimeOffset startedAt, DateTimeOffset endedAt);

    OutboxMessage UploadStarted(string uploadId, ImmutableSortedDictionary<string, string> manifest);

    /// <param name="length">Bytes, null while deferred.</param>
    OutboxMessage UploadStatus(string uploadId, ImmutableSortedDictionary<string, string> manifest, long offset, long? length);

    OutboxMessage UploadCompleted(string uploadId, ImmutableSortedDictionary<string, string> manifest);

    /// <summary>Every byte is stored, and they are not those that the sender declared: the end of the upload, and a failure.</summary>
    /// <param name="complaint">With both digests.</param>
    OutboxMessage UploadRejected(string uploadId, ImmutableSortedDictionary<string, string> manifest, string complaint);

    /// <param name="manifest">Empty if the upload's record is gone.</param>
    OutboxMessage FileCopy(DeliveryRecord delivery, ImmutableSortedDictionary<string, string> manifest, DeliveryAttempt attempt, DateTimeOffset startedAt);
}
