using System.Collections.Concurrent;

namespace Dex.UploadServer.Delivery;

/// <summary>The messages this process holds, each until the delivery it ordered has come to an end.</summary>
internal sealed class OrderBook(TimeProvider clock)
{
    private readonly ConcurrentDictionary<Order, bool> _orders = new();

    public Order Open(string messageId, bool isLastTry)
    {
        var order = new Order(messageId, isLastTry, clock, closed => _orders.TryRemove(closed, out _));
        _orders.TryAdd(order, true);
        return order;
    }

    /// <summary>Whether a failure now is the last one: the message will not come again.</summary>
    public bool IsLastTry(string messageId) => _orders.Keys.Any(order => order.IsLastTry && order.MessageId == messageId);

    /// <summary>Something became of a delivery.</summary>
    public void Changed(long deliveryId)
    {
        foreach (var order in _orders.Keys)
        {
            if (order.DeliveryId == deliveryId)
                order.Wake();
        }
    }

    public void AllChanged()
    {
        foreach (var order in _orders.Keys)
            order.Wake();
    }
}

/// <summary>One message that is held.</summary>
internal sealed class Order(string messageId, bool isLastTry, TimeProvider clock, Action<Order> close) : IDisposable
{
    private readonly Wakeup _wakeup = new(clock);
    private long _deliveryId;

    public string MessageId => messageId;

    public bool IsLastTry => isLastTry;

    /// <summary>What it orders, once that is known.</summary>
    public long DeliveryId
    {
        get => Interlocked.Read(ref _deliveryId);
        set => Interlocked.Exchange(ref _deliveryId, value);
    }

    /// <summary>Look again. Never blocks.</summary>
    public void Wake() => _wakeup.Call();

    /// <summary>Returns after the next <see cref="Wake"/>, or when the time is over.</summary>
    public ValueTask WaitAsync(TimeSpan atMost) => _wakeup.WaitAsync(clock.GetUtcNow() + atMost, CancellationToken.None);

    public void Dispose()
    {
        close(this);
        _wakeup.Dispose();
    }
}
