using Dex.Tus.Stores;

namespace Dex.Tus.Concatenation;

/// <summary>One final upload that waits for its parts or is being joined. Changed only by <see cref="PendingFinals"/>, under its gate.</summary>
#pragma warning disable CA1001 // A source of cancellation without timer or wait handle holds nothing that must be released.
internal sealed class PendingFinal(Upload final)
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _gone = new();
    private readonly TaskCompletionSource _tried = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Id { get; } = final.Id;

    /// <summary>Each part once.</summary>
    public IReadOnlyList<string> Parts { get; } = [.. final.Parts.Distinct(StringComparer.Ordinal)];

    /// <summary>Parts not known to be complete.</summary>
    public HashSet<string> Unfinished { get; } = new(final.Parts, StringComparer.Ordinal);

    /// <summary>Handed to whoever joins; from now on that one decides.</summary>
    public bool IsReady { get; set; }

    /// <summary>Fires when the final upload itself was removed.</summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>Ends when the parts were joined, or could not be for the first time.</summary>
    public Task Tried => _tried.Task;

    public void NoteTried() => _tried.TrySetResult();

    public void NoteGone() => _ = _gone.CancelAsync();
}
