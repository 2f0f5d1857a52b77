using System.Collections.Immutable;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Reports;

/// <summary>What report and event files tell of an upload; all empty when there are none.</summary>
internal sealed record ArchivedUpload
{
    /// <summary>When upload-completed was written; null while there is no such file.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>When upload-started was written; null while there is no such file.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When upload-status was last written; null while there is no such file.</summary>
    public DateTimeOffset? StatusAt { get; init; }

    /// <summary>The highest offset of any upload-status line, in bytes: lines of a predecessor are not in order. Null without a readable one.</summary>
    public long? HighestOffset { get; init; }

    /// <summary>One for each blob-file-copy line, in the file's order.</summary>
    public ImmutableArray<DeliveryAttempt> Attempts { get; init; } = [];

    /// <summary>One for each FileReady line, in the file's order.</summary>
    public ImmutableArray<ArchivedDelivery> Deliveries { get; init; } = [];

    /// <summary>Whether no file knows of the upload.</summary>
    public bool IsEmpty => CompletedAt is null && StartedAt is null && StatusAt is null && Attempts.IsEmpty && Deliveries.IsEmpty;
}

/// <summary>A delivery that was ordered by a FileReady line.</summary>
/// <param name="SourceUrl">Empty, or the upload id for a redelivery.</param>
internal sealed record ArchivedDelivery(string Target, string Path, string SourceUrl);
