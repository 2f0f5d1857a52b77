using System.Collections.Immutable;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Info;

/// <summary>The truth about an upload as <c>/info</c> tells it (spec: http-api.md 8).</summary>
internal sealed record UploadInfo
{
    public required ImmutableSortedDictionary<string, string> Manifest { get; init; }

    /// <summary>The stored data, if there is a file or object of it yet.</summary>
    public required UploadFile? File { get; init; }

    public required UploadStage Stage { get; init; }

    /// <summary>When <see cref="Stage"/> was reached or last confirmed.</summary>
    public required DateTimeOffset StageAt { get; init; }

    /// <summary>What is wrong with the upload itself.</summary>
    public ImmutableArray<AttemptIssue> Issues { get; init; } = [];

    /// <summary>Every attempt, oldest first.</summary>
    public required IReadOnlyList<DeliveryAttempt> Attempts { get; init; }
}

/// <summary>The file or object that an upload's bytes are in.</summary>
/// <param name="Bytes">Its size so far.</param>
/// <param name="ModifiedAt">When the last byte was stored, or else the upload was created.</param>
internal sealed record UploadFile(long Bytes, DateTimeOffset ModifiedAt);

/// <summary>How far an upload is.</summary>
internal enum UploadStage
{
    /// <summary>Created, no bytes yet.</summary>
    Initiated,

    /// <summary>Bytes are stored, or all are and completion is not recorded yet.</summary>
    InProgress,

    /// <summary>Completion is recorded: it will be delivered.</summary>
    Complete,

    /// <summary>Every byte is stored, and they are not what the sender declared: it will not be delivered.</summary>
    Failed,
}
