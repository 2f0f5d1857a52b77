using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace Dex.Tus.Receiving;

/// <summary>How a request body came to its end.</summary>
public enum BodyEnd
{
    /// <summary>Not yet.</summary>
    None,

    /// <summary>All of it was read, as its framing announced it.</summary>
    Complete,

    /// <summary>The upload's length was reached and the client sends more.</summary>
    TooLong,

    /// <summary>The client left, or the framing broke, before the end.</summary>
    CutShort,

    /// <summary>The connection was reset.</summary>
    Reset,

    /// <summary>No byte arrived for the read time-out.</summary>
    TimedOut,

    /// <summary>Another request wants the upload.</summary>
    Displaced,

    /// <summary>The server stops.</summary>
    ShuttingDown,
}

/// <summary>A request body as a store sees it: received bytes in place, never more than the upload may take, and an end instead of an exception.</summary>
/// <remarks>spec: tus.md 15 and 16, reliability.md D4. One reader; not thread-safe but for <see cref="Stop"/> and <see cref="Position"/>.</remarks>
public sealed class IncomingBody : IDisposable
{
    private readonly PipeReader _reader;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _readTimeout;
    private readonly long _limit;
    private readonly ITimer _patience;
    private readonly long? _announcedLength;
    private long _progressToldAt;
    private int _stop;
    private ReadOnlySequence<byte> _current;
    private long _position;
    private bool _lastTaken;

    /// <param name="reader">The request's body.</param>
    /// <param name="limit">Bytes the upload may still take; reading stops there.</param>
    /// <param name="announcedLength">Content-Length, or null for a chunked body.</param>
    /// <param name="readTimeout">How long to wait for the next byte.</param>
    /// <param name="clock">Runs the time-out.</param>
    public IncomingBody(PipeReader reader, long limit, long? announcedLength, TimeSpan readTimeout, TimeProvider clock)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        _reader = reader;
        _limit = limit;
        _announcedLength = announcedLength;
        _readTimeout = readTimeout;
        _clock = clock;
        _progressToldAt = clock.GetTimestamp();
        _patience = clock.CreateTimer(static body => ((IncomingBody)body!).Stop(BodyEnd.TimedOut), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How the body ended; <see cref="BodyEnd.None"/> until <see cref="ReadAsync"/> has returned an empty sequence.</summary>
    public BodyEnd End { get; private set; }

    /// <summary>Told the bytes stored so far, at most once a second and only while the body is being read.</summary>
    public Action<long>? OnProgress { get; set; }

    /// <summary>Shown every run of bytes that was taken, before it is given back; null if nobody wants to look.</summary>
    public Action<ReadOnlySequence<byte>>? OnTaken { get; set; }

    /// <summary>Told once when the body ends before its end: from then on there is only so much time to save what has arrived.</summary>
    public Action? OnCut { get; set; }

    /// <summary>Of the bytes taken, those that are not stored yet; set by a store that keeps them for a while.</summary>
    public long Unsettled { get; set; }

    /// <summary>Bytes the body announces; null for a chunked one.</summary>
    public long? Announced => _announcedLength;

    /// <summary>Whether it was asked to stop, so that somebody waits for its reader.</summary>
    public bool IsStopping => Volatile.Read(ref _stop) != (int)BodyEnd.None;

    /// <summary>Bytes taken so far.</summary>
    public long Position => Volatile.Read(ref _position);

    /// <summary>Asks the reader to stop: what has been received is still handed out, then the body ends with this reason. The first reason counts.</summary>
    public void Stop(BodyEnd reason)
    {
        if (Interlocked.CompareExchange(ref _stop, (int)reason, (int)BodyEnd.None) == (int)BodyEnd.None)
            PendingRead.Stop(_reader);
    }

    /// <summary>The next received bytes, in place until <see cref="Advance"/>. Empty means that the body has ended, see <see cref="End"/>.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))] // a wait for a slow client allocates nothing
    public async ValueTask<ReadOnlySequence<byte>> ReadAsync()
    {
        while (End == BodyEnd.None)
        {
            if (_position == _announcedLength)
                return Ended(BodyEnd.Complete);

            ReadResult result;
            try
            {
                // Once stopped, take what has already been received and no more: a fast client never runs dry.
                if (_lastTaken || !_reader.TryRead(out result))
                {
                    if (_stop != (int)BodyEnd.None)
                        return Ended((BodyEnd)_stop);
                    var read = _reader.ReadAsync(CancellationToken.None);
                    if (!read.IsCompleted)
                        _patience.Change(_readTimeout, Timeout.InfiniteTimeSpan);
                    try
                    {
                        result = await read;
                    }
                    finally
                    {
                        _patience.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                    }
                }

                _lastTaken = _stop != (int)BodyEnd.None;
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // Whatever a transport throws here is the client's doing: a cut, a reset, broken framing.
                return Ended(error is ConnectionResetException ? BodyEnd.Reset : _stop != (int)BodyEnd.None ? (BodyEnd)_stop : BodyEnd.CutShort);
            }

            var buffer = result.Buffer;
            var room = _limit - _position;
            if (buffer.Length > room)
            {
                if (room == 0)
                {
                    _reader.AdvanceTo(buffer.Start, buffer.End);
                    return Ended(BodyEnd.TooLong);
                }

                buffer = buffer.Slice(0, room);
            }

            if (!buffer.IsEmpty)
            {
                _current = buffer;
                return buffer;
            }

            _reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (result.IsCompleted)
                return Ended(_position < _announcedLength ? BodyEnd.CutShort : BodyEnd.Complete);
            if (_stop != (int)BodyEnd.None)
                return Ended((BodyEnd)_stop);
        }

        return ReadOnlySequence<byte>.Empty;
    }

    /// <summary>Gives back the sequence last read, of which the first <paramref name="bytes"/> were taken.</summary>
    public void Advance(long bytes)
    {
        OnTaken?.Invoke(_current.Slice(0, bytes));
        var consumed = _current.GetPosition(bytes);
        _reader.AdvanceTo(consumed);
        _current = default;
        Volatile.Write(ref _position, _position + bytes);
        TellProgress();
    }

    public void Dispose() => _patience.Dispose();

    private void TellProgress()
    {
        if (OnProgress is null || _position == _announcedLength)
            return;
        var now = _clock.GetTimestamp();
        if (_clock.GetElapsedTime(_progressToldAt, now) < TimeSpan.FromSeconds(1))
            return;
        _progressToldAt = now;
        OnProgress(_position - Unsettled);
    }

    private ReadOnlySequence<byte> Ended(BodyEnd end)
    {
        End = end;
        if (end is not (BodyEnd.Complete or BodyEnd.TooLong))
            OnCut?.Invoke();
        return ReadOnlySequence<byte>.Empty;
    }
}
