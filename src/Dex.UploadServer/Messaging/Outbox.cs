using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Messaging;

/// <summary>Sends what the ledger's outbox holds. Every sink has a few lanes, and an upload keeps to one of them, so its messages arrive in order.</summary>
internal sealed class Outbox : IOutbox, IHostedService, IDisposable
{
    private const int LanesPerSink = 4;
    private const int ReplayPage = 256;

    /// <summary>Text kept in memory for messages that are not sent yet; beyond it a batch's text is read again when its turn comes.</summary>
    private const long TextLimit = 64L * 1024 * 1024;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly ILedger _ledger;
    private readonly MessagingMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly SinkLane[][] _lanes;
    private readonly CancellationTokenSource _giveUp = new();
    private long _textBytes;

    public Outbox(IEnumerable<IMessageSink> sinks, ILedger ledger, MessagingMetrics metrics, TimeProvider clock, ILogger<Outbox> logger)
    {
        _ledger = ledger;
        _metrics = metrics;
        _clock = clock;
        _lanes = [.. sinks.Select(sink => Enumerable.Range(0, LanesPerSink)
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
        using var cut = cancellationToken.Register(_giveUp.Cancel);
        try
        {
            await Task.WhenAll(_lanes.SelectMany(static lanes => lanes).Select(lane => lane.StopAsync(cancellationToken)));
        }
        catch (OperationCanceledException)
        {
            // Out of time: the next start sends the rest.
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
            // The ledger is the queue that the predecessor kept in memory; an event in it counts as published there.
            if (message.Kind == MessageKind.Event)
                _metrics.Published(message.Type);
        }

        await WaitAsync(Enqueue(batch, mayBeARepeat: false), cancellationToken);
    }

    public void SendPassing(OutboxMessage message) => _ = EnqueuePassing(message);

    public Task SendPassingAsync(OutboxMessage message, CancellationToken cancellationToken) => WaitAsync(EnqueuePassing(message), cancellationToken);

    private static int LaneOf(string uploadId) => (int)((uint)uploadId.GetHashCode(StringComparison.Ordinal) % LanesPerSink);

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

    private Task EnqueuePassing(OutboxMessage message) => Enqueue(new OutboxBatch(0, [message]), mayBeARepeat: false);

    /// <returns>Ends when every sink has been tried once.</returns>
    private Task Enqueue(OutboxBatch batch, bool mayBeARepeat)
    {
        var lane = LaneOf(batch.Messages[0].UploadId);
        var takers = _lanes.Where(lanes => batch.Messages.Any(message => lanes[lane].Takes(message.Kind))).Select(lanes => lanes[lane]).ToArray();
        var dispatch = new Dispatch(batch, takers.Length, mayBeARepeat);
        if (Interlocked.Add(ref _textBytes, dispatch.Bytes) > TextLimit)
        {
            Interlocked.Add(ref _textBytes, -dispatch.Bytes);
            if (dispatch.IsPassing)
                return Task.CompletedTask; // given up
            dispatch.DropText();
        }

        foreach (var taker in takers)
            taker.Enqueue(dispatch);
        if (takers.Length == 0)
            Finish(dispatch);
        return dispatch.Tried;
    }

    private void Finish(Dispatch dispatch)
    {
        if (dispatch.Messages is not null)
            Interlocked.Add(ref _textBytes, -dispatch.Bytes);
        if (!dispatch.IsPassing)
            _ledger.ForgetMessages(dispatch.Sequence);
    }
}
