using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Messaging;

/// <summary>One batch on its way to all sinks. Shared by their lanes.</summary>
/// <param name="sinks">How many lanes carry it.</param>
/// <param name="awaited">How many of them a caller may wait for.</param>
internal sealed class Dispatch(OutboxBatch batch, int sinks, int awaited, bool mayBeARepeat)
{
    private readonly TaskCompletionSource? _tried = awaited > 0 ? new(TaskCreationOptions.RunContinuationsAsynchronously) : null;
    private volatile int _untried = awaited;
    private int _unsent = sinks;
    private volatile IReadOnlyList<OutboxMessage>? _messages = batch.Messages;

    public string UploadId { get; } = batch.Messages[0].UploadId;

    public long Sequence { get; } = batch.Sequence;

    /// <summary>Not in the ledger: given up instead of being tried again.</summary>
    public bool IsPassing => Sequence == 0;

    public bool MayBeARepeat => mayBeARepeat;

    /// <summary>The text to send; null when it has to be read from the ledger again, for the sake of memory.</summary>
    public IReadOnlyList<OutboxMessage>? Messages => _messages;

    /// <summary>Bytes of text held in memory.</summary>
    public long Bytes { get; } = batch.Messages.Sum(static message => (long)message.Json.Length);

    /// <summary>Ends when every awaited sink has been tried once.</summary>
    public Task Tried => _untried <= 0 ? Task.CompletedTask : _tried!.Task;

    public void DropText() => _messages = null;

    /// <summary>One awaited sink has been tried.</summary>
    public void MarkTried()
    {
        if (Interlocked.Decrement(ref _untried) == 0)
            _tried!.TrySetResult();
    }

    /// <summary>One sink has all of it, or it was given up there.</summary>
    /// <returns>Whether that was the last one.</returns>
    public bool MarkSent() => Interlocked.Decrement(ref _unsent) == 0;
}
