namespace Dex.Tus.Locking;

/// <summary>Locks for one process: first come, first served; a waiter asks the holder to let go. Nothing is left when nobody holds or waits.</summary>
public sealed class MemoryUploadLocker : IUploadLocker
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue> _queues = new(StringComparer.Ordinal);

    /// <summary>Uploads held or waited for at this moment.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _queues.Count;
        }
    }

    public ValueTask<IUploadLock?> AcquireAsync(string uploadId, CancellationToken cancellationToken)
    {
        Held? holder;
        Waiter waiter;
        lock (_gate)
        {
            if (!_queues.TryGetValue(uploadId, out var queue))
            {
                var held = new Held(this, uploadId);
                _queues.Add(uploadId, new Queue { Holder = held });
                return new ValueTask<IUploadLock?>(held);
            }

            waiter = new Waiter();
            waiter.Place = queue.Waiters.AddLast(waiter);
            holder = queue.Holder;
        }

        holder.RequestRelease();
        return new ValueTask<IUploadLock?>(WaitAsync(uploadId, waiter, cancellationToken));
    }

    public ValueTask<IUploadLock?> TryAcquireAsync(string uploadId, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_queues.ContainsKey(uploadId))
                return new ValueTask<IUploadLock?>((IUploadLock?)null);
            var held = new Held(this, uploadId);
            _queues.Add(uploadId, new Queue { Holder = held });
            return new ValueTask<IUploadLock?>(held);
        }
    }

    private async Task<IUploadLock?> WaitAsync(string uploadId, Waiter waiter, CancellationToken cancellationToken)
    {
        await using var giveUp = cancellationToken.Register(() =>
        {
            lock (_gate)
            {
                if (waiter.Place.List is { } waiters)
                    waiters.Remove(waiter.Place);
                else
                    return; // the lock was handed over first
            }

            waiter.Turn.TrySetResult(null);
        });
        return await waiter.Turn.Task;
    }

    private void Release(Held held)
    {
        Waiter next;
        Held successor;
        bool others;
        lock (_gate)
        {
            var queue = _queues[held.UploadId];
            if (queue.Waiters.First is not { } first)
            {
                _queues.Remove(held.UploadId);
                return;
            }

            queue.Waiters.RemoveFirst();
            next = first.Value;
            successor = queue.Holder = new Held(this, held.UploadId);
            others = queue.Waiters.Count > 0;
        }

        if (others)
            successor.RequestRelease(); // those behind it have asked already
        next.Turn.TrySetResult(successor);
    }

    private sealed class Queue
    {
        public required Held Holder { get; set; }
        public LinkedList<Waiter> Waiters { get; } = new();
    }

    private sealed class Waiter
    {
        public TaskCompletionSource<IUploadLock?> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public LinkedListNode<Waiter> Place { get; set; } = null!;
    }

    private sealed class Held(MemoryUploadLocker locker, string uploadId) : IUploadLock
    {
        private readonly CancellationTokenSource _releaseRequested = new();
        private int _released;

        public string UploadId => uploadId;
        public CancellationToken ReleaseRequested => _releaseRequested.Token;

        // On the pool: what the holder runs when asked is not the asker's time to spend.
        public void RequestRelease() => _ = _releaseRequested.CancelAsync();

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
                locker.Release(this);
            return ValueTask.CompletedTask;
        }
    }
}
