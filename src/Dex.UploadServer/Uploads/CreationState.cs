using System.Collections.Immutable;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Uploads;

/// <summary>What was decided about a creation and waits for the upload to exist: its manifest, and the reports to be recorded with it in one step.</summary>
internal sealed record CreationState(
    string UploadId, ImmutableSortedDictionary<string, string> Manifest, DateTimeOffset IngestedAt, IReadOnlyList<OutboxMessage> Reports);
