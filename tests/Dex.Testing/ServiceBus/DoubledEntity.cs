namespace Dex.Testing.ServiceBus;

/// <summary>A queue, or the queue of a subscription: locks that end, delivery counts, dead letters, and duplicates if it looks for them.</summary>
public sealed class DoubledEntity(TimeProvider clock, TimeSpan lockDuration, int maxDeliveryCount, bool detectsDuplicates)
{
    private static readonly TimeSpan s_history = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly List<DoubledMessage> _messages = [];
    private readonly List<DoubledMessage> _dead = [];
    private readonly Dictionary<string, DateTimeOffset> _seen = new(StringComparer.Ordinal);
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _latest;

    public TimeSpan LockDuration => lockDuration;

    public int MaxDeliveryCount => maxDeliveryCount;

    /// <summary>Messages that can be received, those that are locked, and those put aside.</summary>
    public (int Waiting, int Locked, int Dead) Counts
    {
        get
        {
            lock (_gate)
            {
                EndLocks();
                var locked = _messages.Count(message => message.LockToken is not null);
                return (_messages.Count - locked, locked, _dead.Count);
            }
        }
    }

    public IReadOnlyList<DoubledMessage> Dead
    {
        get
        {
            lock (_gate)
                return [.. _dead];
        }
    }

    /// <summary>All that is there, in the order of arrival, locked or not.</summary>
    public IReadOnlyList<DoubledMessage> Messages
    {
        get
        {
            lock (_gate)
                return [.. _messages];
        }
    }

    public void Send(string body, string? messageId = null, string? partitionKey = null)
    {
        lock (_gate)
        {
            var now = clock.GetUtcNow();
            var id = messageId ?? Guid.NewGuid().ToString("N");
            if (detectsDuplicates && _seen.TryGetValue(id, out var before) && now - before < s_history)
                return;
            _seen[id] = now;
            _messages.Add(new DoubledMessage { Body = body, MessageId = id, PartitionKey = partitionKey, SequenceNumber = ++_latest, EnqueuedAt = now });
            Signal();
        }
    }

    /// <summary>Takes every lock away, as a service that has moved the entity does.</summary>
    public void BreakLocks()
    {
        lock (_gate)
        {
            foreach (var message in _messages.Where(message => message.LockToken is not null).ToArray())
                Free(message);
        }
    }

    /// <summary>Locks the first message that is free, waiting for one up to <paramref name="patience"/>.</summary>
    internal async Task<DoubledMessage?> ReceiveAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            Task arrived;
            lock (_gate)
            {
                if (TryLock() is { } message)
                    return message;
                arrived = _arrived.Task;
            }

            var left = patience - TimeProvider.System.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
                return null;
            // Nobody tells of a lock that ends.
            var look = TimeSpan.FromMilliseconds(100);
            await Task.WhenAny(arrived, Task.Delay(left < look ? left : look, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    internal DoubledMessage? TakeDead()
    {
        lock (_gate)
        {
            if (_dead.Count == 0)
                return null;
            var first = _dead[0];
            _dead.RemoveAt(0);
            return first;
        }
    }

    internal bool Complete(string token) => Answer(token, message => _messages.Remove(message));

    internal bool Renew(string token) => Answer(token, message => message.LockedUntil = clock.GetUtcNow() + lockDuration);

    internal bool Abandon(string token) => Answer(token, Free);

    private bool Answer(string token, Action<DoubledMessage> act)
    {
        lock (_gate)
        {
            EndLocks();
            if (_messages.Find(message => message.LockToken == token) is not { } held)
                return false;
            act(held);
            return true;
        }
    }

    private DoubledMessage? TryLock()
    {
        EndLocks();
        if (_messages.Find(message => message.LockToken is null) is not { } free)
            return null;
        free.DeliveryCount++;
        free.LockToken = Guid.NewGuid().ToString();
        free.LockedUntil = clock.GetUtcNow() + lockDuration;
        return free;
    }

    private void EndLocks()
    {
        var now = clock.GetUtcNow();
        foreach (var message in _messages.Where(message => message.LockToken is not null && message.LockedUntil <= now).ToArray())
            Free(message);
    }

    private void Free(DoubledMessage message)
    {
        message.LockToken = null;
        if (message.DeliveryCount >= maxDeliveryCount)
        {
            _messages.Remove(message);
            _dead.Add(message);
        }
        else
        {
            Signal();
        }
    }

    private void Signal()
    {
        var arrived = _arrived;
        _arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        arrived.TrySetResult();
    }
}
