using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;

namespace Dex.UploadServer.Delivery;

/// <summary>A target by the name of its lane, and how to write to it.</summary>
internal sealed record LaneTarget(string Name, string Key, IDeliveryDestination Destination);

/// <summary>Carries the deliveries of one target, so that a target that is down or hangs delays no other (spec: reliability.md R1, R5, R6).</summary>
internal sealed partial class DeliveryLane(
    LaneTarget target,
    int limit,
    DeliveryClaims claims,
    Courier courier,
    DeliverySettler settler,
    ILedger ledger,
    IOutbox outbox,
    RetryPolicy retry,
    TimeProvider clock,
    ILogger<DeliveryLane> logger) : IDisposable
{
    /// <summary>Deliveries that nobody announced are found this late: requeued by a command, or left over from another run.</summary>
    private static readonly TimeSpan IdlePoll = TimeSpan.FromSeconds(5);

    /// <summary>A clock that is only corrected moves by less.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Wakeup _wakeup = new(clock);
    private readonly TargetBreaker _breaker = new(retry);
    private readonly PriorityQueue<DateTimeOffset, DateTimeOffset> _retries = new();
    private readonly HashSet<Task> _tasks = [];
    private int _running;
    private (DateTimeOffset Time, long Timestamp) _lastLook = ReadClocks(clock);

    public LaneTarget Target => target;

    /// <summary>Whether the target fails again and again.</summary>
    public bool IsDown
    {
        get
        {
            lock (_gate)
                return _breaker.IsOpen;
        }
    }

    /// <summary>There may be something to claim. Never blocks.</summary>
    public void Wake() => _wakeup.Call();

    /// <summary>Claims and carries until stopped.</summary>
    /// <param name="stopping">No more claims.</param>
    /// <param name="cut">Running deliveries end too.</param>
    /// <returns>When nothing runs any more.</returns>
    public async Task RunAsync(CancellationToken stopping, CancellationToken cut)
    {
        var failures = 0;
        try
        {
            while (true)
            {
                var sleepUntil = clock.GetUtcNow() + IdlePoll;
                try
                {
                    await ForgetTimesIfPutBackAsync(stopping);
                    await ClaimAsync(stopping, cut);
                    failures = 0;
                }
                catch (Exception error) when (!stopping.IsCancellationRequested)
                {
                    LogClaimFailed(target.Name, error.Message);
                    await Task.Delay(retry.WaitAfter(++failures), clock, stopping);
                    continue;
                }

                await _wakeup.WaitAsync(NextLook(sleepUntil), stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await Task.WhenAll(Running());
        }
    }

    public void Dispose() => _wakeup.Dispose();

    private static (DateTimeOffset Time, long Timestamp) ReadClocks(TimeProvider clock)
    {
        // Both at one moment: a pause of the process between the two would look like a clock that was set.
        while (true)
        {
            var timestamp = clock.GetTimestamp();
            var time = clock.GetUtcNow();
            if (clock.GetElapsedTime(timestamp) < ClockTolerance / 2)
                return (time, timestamp);
        }
    }

    /// <summary>When the clock has been put back, what waits for its time would wait as much longer: it is due now instead.</summary>
    private async Task ForgetTimesIfPutBackAsync(CancellationToken stopping)
    {
        var (now, timestamp) = ReadClocks(clock);
        if (clock.GetElapsedTime(_lastLook.Timestamp, timestamp) - (now - _lastLook.Time) > ClockTolerance)
        {
            await ledger.HastenDeliveriesAsync(target.Key, stopping);
            lock (_gate)
            {
                _retries.Clear();
                _breaker.ProbeNow(now);
            }
        }

        _lastLook = (now, timestamp);
    }

    private async Task ClaimAsync(CancellationToken stopping, CancellationToken cut)
    {
        int allowance;
        lock (_gate)
        {
            var now = clock.GetUtcNow();
            while (_retries.TryPeek(out var due, out _) && due <= now)
                _retries.Dequeue();
            allowance = _breaker.Allowance(_running, limit, now);
        }

        if (allowance < 1)
            return;

        foreach (var claim in await claims.ClaimAsync(target.Key, allowance, stopping))
        {
            lock (_gate)
            {
                _running++;
                var task = Task.Run(() => CarryAsync(claim, cut), CancellationToken.None);
                _tasks.Add(task);
                task.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    private async Task CarryAsync(DeliveryClaim claim, CancellationToken cut)
    {
        var delivery = claim.Delivery;
        using var scope = logger.BeginScope(new KeyValuePair<string, object?>[] { new("uploadId", delivery.UploadId) });
        Settled? settled = null;
        try
        {
            var outcome = await courier.DeliverAsync(delivery, target.Destination, cut);
            var recovered = Learn(outcome.Verdict);
            settled = await settler.SettleAsync(delivery, outcome, cut);
            if (recovered)
                await HastenAsync(cut);
        }
        catch (OperationCanceledException) when (cut.IsCancellationRequested)
        {
            // Handed back with all the other claims.
        }
        catch (Exception error)
        {
            // The claim's lease runs out, and then it is tried again.
            LogUnsettled(target.Name, error);
        }
        finally
        {
            Leave(claim, settled?.DueAt);
        }

        if (settled is not null)
            await SendAsync(settled.Batch, cut);
    }

    private bool Learn(DeliveryVerdict verdict)
    {
        lock (_gate)
        {
            var wasOpen = _breaker.IsOpen;
            if (verdict == DeliveryVerdict.Delivered)
                return _breaker.Succeeded();
            if (verdict == DeliveryVerdict.TargetFailed)
                _breaker.Failed(clock.GetUtcNow());
            if (!wasOpen && _breaker.IsOpen)
                LogDown(target.Name);
            return false;
        }
    }

    private async Task HastenAsync(CancellationToken cut)
    {
        LogBack(target.Name);
        try
        {
            await ledger.HastenDeliveriesAsync(target.Key, cut);
        }
        catch (Exception error) when (!cut.IsCancellationRequested)
        {
            LogHastenFailed(target.Name, error.Message);
        }
    }

    private void Leave(DeliveryClaim claim, DateTimeOffset? dueAt)
    {
        claims.End(claim);
        lock (_gate)
        {
            _running--;
            if (dueAt is { } due)
                _retries.Enqueue(due, due);
        }

        Wake();
    }

    private async Task SendAsync(OutboxBatch batch, CancellationToken cut)
    {
        try
        {
            await outbox.SendAsync(batch, cut);
        }
        catch (Exception error)
        {
            // The ledger has it; the outbox tries again.
            LogNotSent(error.Message);
        }
    }

    private DateTimeOffset NextLook(DateTimeOffset latest)
    {
        lock (_gate)
        {
            // While a target is down only its next probe matters; while deliveries run, their ends wake the lane.
            if (_breaker.ProbeAt is { } probe)
                return _running == 0 && probe < latest ? probe : latest;
            return _retries.TryPeek(out var due, out _) && due < latest ? due : latest;
        }
    }

    private Task[] Running()
    {
        lock (_gate)
            return [.. _tasks];
    }

    private void Forget(Task task)
    {
        lock (_gate)
            _tasks.Remove(task);
    }

    [LoggerMessage(LogLevel.Error, "failed to claim deliveries {target}{error}")]
    private partial void LogClaimFailed(string target, string error);

    [LoggerMessage(LogLevel.Error, "failed to settle delivery {target}")]
    private partial void LogUnsettled(string target, Exception error);

    [LoggerMessage(LogLevel.Warning, "delivery target is down, trying one delivery at a time {target}")]
    private partial void LogDown(string target);

    [LoggerMessage(LogLevel.Information, "delivery target is back {target}")]
    private partial void LogBack(string target);

    [LoggerMessage(LogLevel.Warning, "failed to hasten waiting deliveries {target}{error}")]
    private partial void LogHastenFailed(string target, string error);

    [LoggerMessage(LogLevel.Warning, "failed to send file-copy report {error}")]
    private partial void LogNotSent(string error);
}
