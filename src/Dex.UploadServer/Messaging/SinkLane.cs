using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Messaging;

/// <summary>
/// Carries batches to one sink, one after the other. What fails is parked with all that follows it of the same upload, and tried
/// again; other uploads go on. While the sink as a whole is down, one try at a time finds out whether it is back.
/// </summary>
internal sealed partial class SinkLane
{
    private const int RetriesAtOnce = 16;

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StuckAfter = TimeSpan.FromSeconds(2);

    // Null asks for a look at what is parked.
    private readonly Channel<Progress?> _incoming = Channel.CreateUnbounded<Progress?>(new() { SingleReader = true });
    private readonly Dictionary<string, Parked> _parked = new(StringComparer.Ordinal);
    private readonly PriorityQueue<Parked, TimeSpan> _due = new();
    private readonly IMessageSink _sink;
    private readonly ILedger _ledger;
    private readonly MessagingMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Action<Dispatch> _sent;
    private readonly long _startedAt;
    private readonly CancellationToken _giveUp;
    private readonly ITimer _retryTimer;
    private readonly Task _loop;
    private long _sendingSince;
    private TimeSpan _downUntil;
    private int _timesDown;
    private bool _someWait;

    /// <param name="sent">Told when the last sink has a batch.</param>
    /// <param name="giveUp">Fires when there is no more time to send.</param>
    public SinkLane(
        IMessageSink sink, ILedger ledger, MessagingMetrics metrics, TimeProvider clock, ILogger logger, Action<Dispatch> sent, CancellationToken giveUp)
    {
        _sink = sink;
        _ledger = ledger;
        _metrics = metrics;
        _clock = clock;
        _logger = logger;
        _sent = sent;
        _giveUp = giveUp;
        _startedAt = clock.GetTimestamp();
        _retryTimer = clock.CreateTimer(_ => _incoming.Writer.TryWrite(null), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _loop = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>Whether the sink has not answered for so long that nobody should wait for it.</summary>
    private bool IsStuck => Interlocked.Read(ref _sendingSince) is > 0 and var since && _clock.GetElapsedTime(since) >= StuckAfter;

    private bool IsDown => Now < _downUntil;

    /// <summary>Time that no one can set: waits are to end also when the clock is put back.</summary>
    private TimeSpan Now => _clock.GetElapsedTime(_startedAt);

    public bool IsAwaited => _sink.IsAwaited;

    public bool Takes(MessageKind kind) => _sink.Takes(kind);

    public void Enqueue(Dispatch dispatch)
    {
        var awaited = IsAwaited && !IsStuck;
        // Once the lane is stopping, the ledger has it and the next start sends it.
        var queued = _incoming.Writer.TryWrite(new Progress(dispatch, awaited));
        if (IsAwaited && !(queued && awaited))
            dispatch.MarkTried();
    }

    /// <summary>Sends what has come so far; what is parked is left to the next start.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _incoming.Writer.TryComplete();
        await _loop.WaitAsync(cancellationToken);
        await _retryTimer.DisposeAsync();
    }

    private async Task RunAsync()
    {
        await foreach (var progress in _incoming.Reader.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                if (progress is null)
                    await RetryAsync();
                else
                    await AcceptAsync(progress);
            }
            catch (Exception failure) // Nothing may end the lane; the batch stays in the ledger.
            {
                LogLaneFailed(_sink.Name, failure.Message);
            }

            if (progress is { Awaited: true })
                progress.Dispatch.MarkTried();
        }
    }

    private async ValueTask AcceptAsync(Progress progress)
    {
        var dispatch = progress.Dispatch;
        if (_parked.TryGetValue(dispatch.UploadId, out var ahead))
        {
            if (dispatch.IsPassing)
                Finish(dispatch);
            else
                ahead.Queue.Enqueue(progress);
        }
        else if ((!IsDown && await TrySendAsync(progress)) || dispatch.IsPassing)
        {
            Finish(dispatch);
        }
        else
        {
            var parked = new Parked(dispatch.UploadId);
            parked.Queue.Enqueue(progress);
            _parked.Add(dispatch.UploadId, parked);
            ParkAgain(parked);
            ScheduleRetry();
        }
    }

    private async ValueTask RetryAsync()
    {
        var now = Now;
        var isBack = false;
        if (now < _downUntil)
        {
            ScheduleRetry();
            return;
        }

        // A few at a time, so that new batches get their turn while a slow sink refuses old ones.
        for (var tries = 0; tries < RetriesAtOnce && _due.TryPeek(out var parked, out var due) && due <= now; tries++)
        {
            _due.Dequeue();
            if (await TryEmptyAsync(parked))
            {
                isBack = true;
                _parked.Remove(parked.UploadId);
            }
            else
            {
                ParkAgain(parked);
                if (IsDown)
                    break;
            }
        }

        if (isBack && _someWait)
        {
            _due.Clear();
            _due.EnqueueRange(_parked.Values, now);
            _someWait = false;
        }

        ScheduleRetry();
    }

    private async ValueTask<bool> TryEmptyAsync(Parked parked)
    {
        while (parked.Queue.TryPeek(out var progress))
        {
            if (!await TrySendAsync(progress))
                return false;
            parked.Failures = 0;
            parked.Queue.Dequeue();
            Finish(progress.Dispatch);
        }

        return true;
    }

    private void ParkAgain(Parked parked)
    {
        _due.Enqueue(parked, Now + WaitAfter(parked.Failures++));
        _someWait = true;
    }

    private static TimeSpan WaitAfter(int failures)
    {
        var wait = FirstWait * Math.Pow(2, Math.Min(failures, 10));
        return wait < LongestWait ? wait : LongestWait;
    }

    private void ScheduleRetry()
    {
        if (!_due.TryPeek(out _, out var due))
            return;
        var wait = (due > _downUntil ? due : _downUntil) - Now;
        _retryTimer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    private async ValueTask<bool> TrySendAsync(Progress progress)
    {
        var dispatch = progress.Dispatch;
        OutboxMessage? message = null;
        try
        {
            var messages = dispatch.Messages ?? await ReadAgainAsync(dispatch.Sequence);
            for (; progress.Sent < messages.Count; progress.Sent++)
            {
                message = messages[progress.Sent];
                if (!_sink.Takes(message.Kind))
                    continue;
                Interlocked.Exchange(ref _sendingSince, _clock.GetTimestamp());
                await _sink.SendAsync(message, dispatch.MayBeARepeat, _giveUp);
                (_timesDown, _downUntil) = (0, TimeSpan.Zero);
                _metrics.Published(message.Type);
                if (message.Kind == MessageKind.Event)
                    LogPublished(message.UploadId, Describe(message.UploadId, message.Type));
            }

            return true;
        }
        catch (Exception failure) // Whatever the sink says, the message is kept and tried again.
        {
            LogFailed(dispatch.UploadId, Describe(dispatch.UploadId, message?.Type ?? ""), _sink.Name, failure.Message);
            if (failure is SinkDownException down)
            {
                var wait = WaitAfter(_timesDown++);
                _downUntil = Now + (down.RetryAfter > wait ? down.RetryAfter : wait);
            }

            return false;
        }
        finally
        {
            Interlocked.Exchange(ref _sendingSince, 0);
        }
    }

    /// <summary>A message without what its sender wrote.</summary>
    private static RawJson Describe(string uploadId, string type) =>
        new(Encoding.UTF8.GetBytes($$"""{"type":"{{JsonEncodedText.Encode(type)}}","upload_id":"{{JsonEncodedText.Encode(uploadId)}}"}"""));

    private async Task<IReadOnlyList<OutboxMessage>> ReadAgainAsync(long sequence)
    {
        var batches = await _ledger.ReadOutboxAsync(sequence - 1, 1, CancellationToken.None);
        return batches is [var batch] && batch.Sequence == sequence ? batch.Messages : [];
    }

    private void Finish(Dispatch dispatch)
    {
        if (dispatch.MarkSent())
            _sent(dispatch);
    }

    /// <summary>How far this lane is with a batch.</summary>
    /// <param name="awaited">Whether somebody may be waiting for the first try.</param>
    private sealed class Progress(Dispatch dispatch, bool awaited)
    {
        public Dispatch Dispatch => dispatch;

        public bool Awaited => awaited;

        /// <summary>Messages this sink has, from the first.</summary>
        public int Sent { get; set; }
    }

    /// <summary>An upload whose next message the sink did not take.</summary>
    private sealed class Parked(string uploadId)
    {
        public string UploadId => uploadId;

        public Queue<Progress> Queue { get; } = new();

        public int Failures { get; set; }
    }

    // Of events only: that a report was published is what its REPORT line says.
    [LoggerMessage(LogLevel.Information, "published event {uploadId}{event}")]
    private partial void LogPublished(string uploadId, RawJson @event);

    [LoggerMessage(LogLevel.Error, "Failed to publish {uploadId}{event}{publisher}{err}")]
    private partial void LogFailed(string uploadId, RawJson @event, string publisher, string err);

    [LoggerMessage(LogLevel.Error, "message lane failed {publisher}{error}")]
    private partial void LogLaneFailed(string publisher, string error);
}
