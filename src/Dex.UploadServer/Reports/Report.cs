using System.Collections.Immutable;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Reports;

/// <summary>What happened to an upload at one stage: the envelope that all reports share, and the content of its own kind.</summary>
internal sealed record Report(string Type, string UploadId, ImmutableSortedDictionary<string, string> Manifest, DateTimeOffset StartedAt, DateTimeOffset EndedAt)
{
    /// <summary>Takes the place of earlier reports of this type, instead of being added to them.</summary>
    public bool Replaces { get; init; }

    public bool Succeeded { get; init; } = true;

    public ImmutableArray<AttemptIssue> Issues { get; init; } = [];

    /// <summary>For the log: an issue's message without the manifest values that it quotes.</summary>
    public Func<string, string> HideInIssue { get; init; } = static message => message;

    /// <summary>Writes what follows the content's schema name and version.</summary>
    public required Action<ReportJsonWriter> WriteContent { get; init; }
}
