using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Messaging;

/// <summary>Sends what the ledger's outbox holds. Every sink has a few lanes, and an upload keeps to one of them, so its messages arrive in order.</summary>
internal sealed class Outbox : IOutbox, IHostedService, IDisposable
{
    private const int ReplayPage = 256;

    /// <summary>Text kept in memory for messages that are not sent yet; beyond it a batch's text is read again when its turn comes.</summary>
    private const long TextLimit = 64L * 1024 * 1024;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    /// <summary>A broker that hangs does not hold up the end of the process; the next start sends the rest.</summary>
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(3);

    private readonly ILedger _ledger;
    private readonly MessagingMetrics _metrics;
    private readonly EventTransport _events;
    private readonly TimeProvider _clock;
    private readonly SinkLane[][] _lanes;
    private readonly CancellationTokenSource _giveUp = new();
    private long _textBytes;

    public Outbox(
        IEnumerable<IMessageSink> sinks, ILedger ledger, MessagingMetrics metrics, EventTransport events, TimeProvider clock, ILogger<Outbox> logger)
    {
        _events = events;
        _ledger = ledger;
        _metrics = metrics;
        _clock = clock;
        _lanes = [.. sinks.Select(sink => Enumerable.Range(0, sink.Lanes)
            .Select(_ => new SinkLane(sink, ledger, metrics, clock, logger, Finish, _giveUp.Token)).ToArray())];
    }

    /// <summary>Takes up what was queued and not sent before the last stop, ahead of anything new.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        for (var after = 0L; ;)
        {
            var batches = await _ledger.ReadOutboxAsync(after, ReplayPage, cancellationToken);
            foreach (var batch in batches)
                _ = Enqueue(batch, mayBeARepeat: true);
            if (batches.Count < ReplayPage)
                return;
            after = batches[^1].Sequence;
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(LongestStop, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await Task.WhenAll(_lanes.SelectMany(static lanes => lanes).Select(lane => lane.StopAsync(either.Token)));
        }
        catch (OperationCanceledException)
        {
            // Out of time: the next start sends the rest.
            await _giveUp.CancelAsync();
        }
    }

    public void Dispose() => _giveUp.Dispose();

    public async Task PublishAsync(IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken)
    {
        if (messages.Count == 0)
            return;
        if (messages.All(message => message.UploadId == messages[0].UploadId))
        {
            await SendAsync(await _ledger.QueueMessagesAsync(messages, cancellationToken), cancellationToken);
            return;
        }

        // A batch is kept in order with the others of its upload, so it holds messages of one upload only.
        foreach (var ofUpload in messages.GroupBy(static message => message.UploadId, StringComparer.Ordinal))
            await SendAsync(await _ledger.QueueMessagesAsync([.. ofUpload], cancellationToken), cancellationToken);
    }

    public async Task SendAsync(OutboxBatch batch, CancellationToken cancellationToken)
    {
        if (batch.Sequence == 0 || batch.Messages.Count == 0)
            return;
        foreach (var message in batch.Messages)
        {
            // Without a broker the ledger is the queue that the predecessor kept in memory; an event in it counts as published there.
            if (message.Kind == MessageKind.Event && !_events.IsPublished)
                _metrics.Published(message.Type);
        }

        await WaitAsync(Enqueue(batch, mayBeARepeat: false), cancellationToken);
    }

    public void SendPassing(OutboxMessage message) => _ = Enqueue(new OutboxBatch(0, [message]), mayBeARepeat: false, isWaitedFor: false);

    public Task SendPassingAsync(OutboxMessage message, CancellationToken cancellationToken) =>
        WaitAsync(Enqueue(new OutboxBatch(0, [message]), mayBeARepeat: false), cancellationToken);

    private static SinkLane LaneOf(SinkLane[] lanes, string uploadId) => lanes[(uint)uploadId.GetHashCode(StringComparison.Ordinal) % lanes.Length];

    private async Task WaitAsync(Task tried, CancellationToken cancellationToken)
    {
        if (tried.IsCompleted)
            return;
        try
        {
            await tried.WaitAsync(LongestWait, _clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // A sink hangs. What must not be lost is safe in the ledger, and the caller has waited long enough.
        }
    }

    /// <returns>Ends when every awaited sink has been tried once; at once if nobody waits.</returns>
    private Task Enqueue(OutboxBatch batch, bool mayBeARepeat, bool isWaitedFor = true)
    {
        var (takers, awaited) = TakersOf(batch);
        var dispatch = new Dispatch(batch, takers.Count, isWaitedFor ? awaited : 0, mayBeARepeat);
        if (Interlocked.Add(ref _textBytes, dispatch.Bytes) > TextLimit)
        {
            Interlocked.Add(ref _textBytes, -dispatch.Bytes);
            if (dispatch.IsPassing)
                return Task.CompletedTask; // given up
            dispatch.DropText();
        }

        foreach (var taker in takers)
            taker.Enqueue(dispatch);
        if (takers.Count == 0)
            Finish(dispatch);
        return dispatch.Tried;
    }

    // Passing messages come by the thousand each second, so no more is allocated than needed.
    private (List<SinkLane> Takers, int Awaited) TakersOf(OutboxBatch batch)
    {
        var (takers, awaited) = (new List<SinkLane>(_lanes.Length), 0);
        foreach (var lanes in _lanes)
        {
            var lane = LaneOf(lanes, batch.Messages[0].UploadId);
            if (!Takes(lane, batch.Messages))
                continue;
            takers.Add(lane);
            awaited += lane.IsAwaited ? 1 : 0;
        }

        return (takers, awaited);
    }

    private static bool Takes(SinkLane lane, IReadOnlyList<OutboxMessage> messages)
    {
        for (var i = 0; i < messages.Count; i++)
        {
            if (lane.Takes(messages[i].Kind))
                return true;
        }

        return false;
    }

    private void Finish(Dispatch dispatch)
    {
        if (dispatch.Messages is not null)
            Interlocked.Add(ref _textBytes, -dispatch.Bytes);
        if (!dispatch.IsPassing)
            _ledger.ForgetMessages(dispatch.Sequence);
    }
}
