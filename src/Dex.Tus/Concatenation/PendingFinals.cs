using System.Threading.Channels;
using Dex.Tus.Stores;

namespace Dex.Tus.Concatenation;

/// <summary>Final uploads that were created before their parts were complete, by the parts they wait for (spec: tus.md CC9).</summary>
/// <remarks>
/// Held in memory; the truth is in the store. After a start the host hands in every upload with <see cref="Upload.IsAwaitingParts"/>
/// that it finds (<see cref="WatchAsync"/>), then says that these were all (<see cref="AllFound"/>).
/// Whoever completes a part or removes an upload past the engine's operations tells it here too.
/// </remarks>
public sealed class PendingFinals(IUploadStore store)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, PendingFinal> _finals = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<PendingFinal>> _byPart = new(StringComparer.Ordinal);
    private readonly Channel<PendingFinal> _ready = Channel.CreateUnbounded<PendingFinal>();
    private bool _allFound;

    /// <summary>Those with no part left to wait for, each handed out once.</summary>
    internal ChannelReader<PendingFinal> Ready => _ready.Reader;

    /// <summary>Begins to wait for the parts of a final upload that exists. Does nothing if it is known already, or nothing is to be waited for.</summary>
    /// <remarks>Cannot be cancelled: half a look at the parts would leave it waiting for one that is complete.</remarks>
    public ValueTask WatchAsync(Upload final)
    {
        ArgumentNullException.ThrowIfNull(final);
        PendingFinal pending;
        lock (_gate)
        {
            if (!final.IsAwaitingParts || store is not IPendingConcatenationStore || _finals.ContainsKey(final.Id))
                return ValueTask.CompletedTask;
            pending = new PendingFinal(final);
            _finals.Add(final.Id, pending);
            foreach (var partId in pending.Parts)
            {
                if (_byPart.TryGetValue(partId, out var others))
                    others.Add(pending);
                else
                    _byPart.Add(partId, [pending]);
            }
        }

        return LookAsync(pending);
    }

    /// <summary>A part is complete: what waited for nothing else is joined in the background.</summary>
    /// <returns>Ends when that was tried. Nobody has to wait for it.</returns>
    public Task PartCompleted(string partId)
    {
        lock (_gate)
        {
            if (!_byPart.TryGetValue(partId, out var waiting))
                return Task.CompletedTask;
            var joining = new List<Task>();
            foreach (var pending in waiting)
            {
                if (!pending.IsReady && TrySettle(pending, partId))
                    joining.Add(pending.Tried);
            }

            return Task.WhenAll(joining);
        }
    }

    /// <summary>An upload is gone from the store, terminated or expired: as a final upload it waits no longer, as a part it ends the wait of others.</summary>
    public void Removed(string uploadId)
    {
        lock (_gate)
        {
            if (_finals.TryGetValue(uploadId, out var final))
            {
                Drop(final);
                final.NoteGone();
            }

            if (!_byPart.TryGetValue(uploadId, out var waiting))
                return;
            foreach (var pending in waiting)
            {
                // Whoever joins looks at the parts first, and finds that one is missing.
                pending.Unfinished.Clear();
                TrySettle(pending, uploadId);
            }
        }
    }

    /// <summary>After a start: every final upload that waits has been handed in.</summary>
    public void AllFound()
    {
        lock (_gate)
            _allFound = true;
    }

    /// <summary>Whether a final upload still waits for this part or is being joined from it, so that it must not expire (spec: tus.md EX3). True of any while not all are known.</summary>
    public bool IsAwaited(string partId)
    {
        lock (_gate)
            return !_allFound || _byPart.ContainsKey(partId);
    }

    /// <summary>For one that was handed out although a part is unfinished: waits anew.</summary>
    internal ValueTask WatchAgainAsync(PendingFinal pending)
    {
        lock (_gate)
        {
            pending.IsReady = false;
            pending.Unfinished.UnionWith(pending.Parts);
        }

        return LookAsync(pending);
    }

    /// <summary>It is joined, lost, or gone.</summary>
    internal void Forget(PendingFinal pending)
    {
        lock (_gate)
            Drop(pending);
    }

    // Each part is told of when it becomes complete, from before it is looked at: none slips through between.
    private async ValueTask LookAsync(PendingFinal pending)
    {
        foreach (var partId in pending.Parts)
        {
            if (await IsUnfinishedAsync(partId))
                continue;
            lock (_gate)
                TrySettle(pending, partId);
        }
    }

    // A part that is missing or cannot be read is not waited for: whoever joins looks again, and again until it can tell.
    private async ValueTask<bool> IsUnfinishedAsync(string partId)
    {
        try
        {
            return await store.FindAsync(partId, CancellationToken.None) is { IsComplete: false };
        }
        catch (Exception)
        {
            return false;
        }
    }

    private bool TrySettle(PendingFinal pending, string partId)
    {
        pending.Unfinished.Remove(partId);
        if (pending.IsReady || pending.Unfinished.Count > 0)
            return false;
        pending.IsReady = true;
        _ready.Writer.TryWrite(pending);
        return true;
    }

    private void Drop(PendingFinal pending)
    {
        if (_finals.GetValueOrDefault(pending.Id) != pending)
            return;
        _finals.Remove(pending.Id);
        foreach (var partId in pending.Parts)
        {
            var waiting = _byPart[partId];
            waiting.Remove(pending);
            if (waiting.Count == 0)
                _byPart.Remove(partId);
        }
    }
}
