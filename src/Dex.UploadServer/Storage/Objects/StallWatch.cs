namespace Dex.UploadServer.Storage.Objects;

/// <summary>One request's patience: it runs while something is awaited from the store, and stands still while the reader of an answer has other things to do.</summary>
internal sealed class StallWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeSpan _patience;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stalled = new(); // has nothing to dispose
    private readonly ITimer _alarm;
    private long _lastSign;
    private bool _awaiting = true;
    private bool _armed = true;

    public StallWatch(TimeSpan patience, TimeProvider clock)
    {
        (_patience, _clock) = (patience, clock);
        _lastSign = clock.GetTimestamp();
        _alarm = clock.CreateTimer(_ => Ring(), null, patience, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Fires when patience ends.</summary>
    public CancellationToken Stalled => _stalled.Token;

    /// <summary>Bytes have moved, and more are awaited; or they are awaited from now on.</summary>
    public void Await()
    {
        lock (_gate)
        {
            _lastSign = _clock.GetTimestamp();
            _awaiting = true;
            if (_armed)
                return;
            _armed = true;
            _alarm.Change(_patience, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>What was awaited has come, and nobody asks for more yet.</summary>
    public void Pause()
    {
        lock (_gate)
            _awaiting = false;
    }

    /// <summary>What to throw for a failure: an <see cref="IOException"/> if it came from a lack of patience.</summary>
    public Exception Explain(Exception error, CancellationToken caller) =>
        _stalled.IsCancellationRequested && !caller.IsCancellationRequested
            ? new IOException($"no byte moved for {_patience.TotalSeconds:0.###} s", error)
            : error;

    public void Dispose() => _alarm.Dispose();

    private void Ring()
    {
        lock (_gate)
        {
            var left = _patience - _clock.GetElapsedTime(_lastSign);
            _armed = _awaiting && left > TimeSpan.Zero;
            if (_armed)
                _alarm.Change(left, Timeout.InfiniteTimeSpan);
            if (_armed || !_awaiting)
                return;
        }

        _stalled.Cancel();
    }
}
