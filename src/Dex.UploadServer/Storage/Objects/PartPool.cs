namespace Dex.UploadServer.Storage.Objects;

/// <summary>Memory for the pieces of objects on their way to a store: their share of <see cref="PartArrays"/>. Who comes first is served first.</summary>
/// <remarks>A buffer is reserved as a whole before its first byte is received: nobody waits while holding half of one, so there is no deadlock.</remarks>
internal sealed class PartPool
{
    /// <summary>What is taken and given back at a time.</summary>
    public const int BlockBytes = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _waiting = new();
    private readonly KeptArrays _arrays;
    private readonly long _capacity;
    private long _free;

    /// <param name="capacity">Bytes for all buffers together.</param>
    public PartPool(PartArrays arrays, long capacity)
    {
        _capacity = _free = capacity;
        _arrays = arrays.Open(capacity, BlockBytes);
    }

    private sealed record Waiter(long Bytes, TaskCompletionSource<PooledPart> Served);

    /// <summary>The largest buffer there is: two of them always fit, so that one can fill while the other is sent.</summary>
    public long Largest => _capacity / 2 / BlockBytes * BlockBytes;

    /// <summary>Whether somebody waits for memory, so that whoever makes no use of theirs should give it back.</summary>
    public bool IsShort
    {
        get
        {
            lock (_gate)
                return _waiting.Count > 0;
        }
    }

    /// <summary>Bytes that are reserved.</summary>
    public long Used
    {
        get
        {
            lock (_gate)
                return _capacity - _free;
        }
    }

    /// <summary>Reserves a buffer for so many bytes; waits until there is room.</summary>
    public Task<PooledPart> RentAsync(long bytes, CancellationToken cancellationToken)
    {
        var reserved = InBlocks(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(reserved, _capacity, nameof(bytes));
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_waiting.Count == 0 && reserved <= _free)
            {
                _free -= reserved;
                return Task.FromResult(new PooledPart(this, bytes, reserved));
            }

            var waiter = new Waiter(bytes, new TaskCompletionSource<PooledPart>(TaskCreationOptions.RunContinuationsAsynchronously));
            return WaitAsync(_waiting.AddLast(waiter), cancellationToken);
        }
    }

    /// <summary>A block of a buffer that has reserved it; its content is whatever was in it.</summary>
    internal byte[] TakeBlock() => _arrays.Take(BlockBytes);

    internal void TakeBack(List<byte[]> blocks) => _arrays.GiveBack(blocks);

    internal void Release(long reserved)
    {
        lock (_gate)
        {
            _free += reserved;
            ServeWaiters();
        }
    }

    private static long InBlocks(long bytes) => (Math.Max(bytes, 1) + BlockBytes - 1) / BlockBytes * BlockBytes;

    private async Task<PooledPart> WaitAsync(LinkedListNode<Waiter> place, CancellationToken cancellationToken)
    {
        await using (cancellationToken.UnsafeRegister(_ => Leave(place), null))
            return await place.Value.Served.Task;
    }

    private void Leave(LinkedListNode<Waiter> place)
    {
        lock (_gate)
        {
            if (place.List is null)
                return; // served meanwhile
            _waiting.Remove(place);
            ServeWaiters(); // one behind may want less
        }

        place.Value.Served.TrySetCanceled();
    }

    private void ServeWaiters()
    {
        while (_waiting.First is { } first)
        {
            var reserved = InBlocks(first.Value.Bytes);
            if (reserved > _free)
                return;
            _waiting.RemoveFirst();
            _free -= reserved;
            first.Value.Served.SetResult(new PooledPart(this, first.Value.Bytes, reserved));
        }
    }
}
