using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Memory for the parts that deliveries have under way: their share of <see cref="PartArrays"/>, beyond which each delivery has one part (spec: reliability.md T5, R5).</summary>
/// <remarks>That one part is what keeps a target that hangs, with all the memory there is, from stopping the others.</remarks>
internal sealed class PartMemory
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _waiting = new();
    private readonly KeptArrays _arrays;
    private readonly long _budget;
    private readonly int _usualBytes;
    private long _taken;

    public PartMemory(PartArrays arrays, IOptions<TransferOptions> options)
    {
        (_budget, _usualBytes) = (options.Value.MemoryBytes, options.Value.PartBytes);
        _arrays = arrays.Open(Math.Max(_budget, _usualBytes), _usualBytes);
    }

    /// <summary>Bytes in use.</summary>
    public long Taken
    {
        get
        {
            lock (_gate)
                return _taken;
        }
    }

    /// <summary>The share of one delivery.</summary>
    /// <param name="most">Parts it has at the same time, at most.</param>
    public PartShare Open(int most) => new(this, most);

    internal Task<PartBuffer> TakeAsync(PartShare share, int bytes, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(share, bytes);
        lock (_gate)
        {
            var node = _waiting.AddLast(waiter);
            Serve();
            if (waiter.Granted.Task.IsCompleted)
                return waiter.Granted.Task;
            waiter.Leaving = cancellationToken.UnsafeRegister(static (state, token) =>
            {
                var (memory, waiting) = ((PartMemory, LinkedListNode<Waiter>))state!;
                memory.Forget(waiting, token);
            }, (this, node));
        }

        return waiter.Granted.Task;
    }

    internal void Return(PartShare share, PartBuffer buffer)
    {
        _arrays.GiveBack(buffer.Bytes);
        lock (_gate)
        {
            share.Held--;
            _taken -= buffer.Bytes.Length;
            Serve();
        }
    }

    // In the order they came; only who has nothing at all is let through when there is no room.
    private void Serve()
    {
        var mayShare = true;
        for (var node = _waiting.First; node is not null;)
        {
            var (next, waiter) = (node.Next, node.Value);
            var size = SizeFor(waiter.Bytes);
            var fits = mayShare && waiter.Share.Held < waiter.Share.Most && _taken + size <= _budget;
            if (waiter.Share.Held == 0 || fits)
            {
                _waiting.Remove(node);
                Grant(waiter, size);
            }
            else if (waiter.Share.Held < waiter.Share.Most)
            {
                mayShare = false;
            }

            node = next;
        }
    }

    private void Grant(Waiter waiter, int size)
    {
        waiter.Share.Held++;
        _taken += size;
        waiter.Leaving.Unregister();
        waiter.Granted.SetResult(new PartBuffer(this, waiter.Share, _arrays.Take(size)));
    }

    private void Forget(LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (node.List is null)
                return; // granted just now; who waits gives it back
            _waiting.Remove(node);
        }

        node.Value.Granted.SetCanceled(cancellationToken);
    }

    // Much less than a usual part is not worth a whole one.
    private int SizeFor(int bytes) => bytes > _usualBytes || bytes <= _usualBytes / 8 ? bytes : _usualBytes;

    private sealed class Waiter(PartShare share, int bytes)
    {
        public PartShare Share => share;

        public int Bytes => bytes;

        public TaskCompletionSource<PartBuffer> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenRegistration Leaving { get; set; }
    }
}

/// <summary>What one delivery has of <see cref="PartMemory"/>.</summary>
internal sealed class PartShare(PartMemory memory, int most)
{
    internal int Most => most;

    internal int Held { get; set; }

    /// <summary>Waits for memory for a part; disposing of it gives it back.</summary>
    public Task<PartBuffer> TakeAsync(int bytes, CancellationToken cancellationToken) => memory.TakeAsync(this, bytes, cancellationToken);
}

/// <summary>Memory for one part, perhaps more than was asked for.</summary>
internal sealed class PartBuffer(PartMemory memory, PartShare share, byte[] bytes) : IDisposable
{
    private int _returned;

    public byte[] Bytes => bytes;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _returned, 1) == 0)
            memory.Return(share, this);
    }
}
