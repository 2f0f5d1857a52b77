namespace Dex.UploadServer.Delivery;

/// <summary>Cancels an attempt that takes too long: in all, or without a sign of progress (spec: reliability.md 4.1, <c>DELIVERY_TIMEOUT</c>).</summary>
internal sealed class Patience : IProgress<long>, IDisposable
{
    private readonly TimeProvider _clock;
    private readonly TimeSpan _silence;
    private readonly CancellationTokenSource _attempt;
    private readonly ITimer _silenceAlarm;
    private readonly ITimer? _totalAlarm;
    private long _lastSign;
    private string? _verdict;

    /// <param name="silence">Longest time without progress.</param>
    /// <param name="total">Longest time in all; zero for no bound.</param>
    /// <param name="attempt">Cancelled when patience ends.</param>
    public Patience(TimeSpan silence, TimeSpan total, CancellationTokenSource attempt, TimeProvider clock)
    {
        (_clock, _silence, _attempt) = (clock, silence, attempt);
        _lastSign = clock.GetTimestamp();
        _silenceAlarm = clock.CreateTimer(_ => ListenForSilence(), null, silence, Timeout.InfiniteTimeSpan);
        if (total > TimeSpan.Zero)
            _totalAlarm = clock.CreateTimer(_ => End($"not delivered within {total.TotalSeconds:0.###} s"), null, total, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Why the attempt was cancelled; null if not by us.</summary>
    public string? Verdict => Volatile.Read(ref _verdict);

    public void Report(long value) => Volatile.Write(ref _lastSign, _clock.GetTimestamp());

    public void Dispose()
    {
        _silenceAlarm.Dispose();
        _totalAlarm?.Dispose();
    }

    private void ListenForSilence()
    {
        var left = _silence - _clock.GetElapsedTime(Volatile.Read(ref _lastSign));
        if (left > TimeSpan.Zero)
            _silenceAlarm.Change(left, Timeout.InfiniteTimeSpan);
        else
            End($"no progress for {_silence.TotalSeconds:0.###} s");
    }

    private void End(string verdict)
    {
        Interlocked.CompareExchange(ref _verdict, verdict, null);
        try
        {
            _attempt.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The alarm rang while the attempt was ending by itself.
        }
    }
}
