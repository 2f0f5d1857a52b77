using System.Threading.Channels;

namespace Dex.UploadServer.Delivery;

/// <summary>Lets one loop sleep until it is called, or until a time; calls while it is awake are remembered as one.</summary>
internal sealed class Wakeup : IDisposable
{
    private readonly Channel<bool> _calls = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly TimeProvider _clock;
    private readonly ITimer _alarm;

    public Wakeup(TimeProvider clock)
    {
        _clock = clock;
        _alarm = clock.CreateTimer(static self => ((Wakeup)self!).Call(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Never blocks.</summary>
    public void Call() => _calls.Writer.TryWrite(true);

    /// <summary>Returns after a call, or at the given time.</summary>
    public async ValueTask WaitAsync(DateTimeOffset until, CancellationToken cancellationToken)
    {
        var wait = until - _clock.GetUtcNow();
        _alarm.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        await _calls.Reader.ReadAsync(cancellationToken);
    }

    public void Dispose() => _alarm.Dispose();
}
