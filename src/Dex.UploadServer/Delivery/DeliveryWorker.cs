using System.Collections.Concurrent;
using Dex.UploadServer.Ledger;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Delivery;

/// <summary>Runs one lane for each target from the start of the server to its end (spec: reliability.md 4, E1, E2).</summary>
internal sealed partial class DeliveryWorker(
    DeliveryTargets targets,
    DeliveryLaneFactory newLane,
    DeliveryClaims claims,
    DeliveryMetrics metrics,
    ILedger ledger,
    IHostApplicationLifetime lifetime,
    IOptions<DeliveryOptions> options,
    TimeProvider clock,
    ILogger<DeliveryWorker> logger) : BackgroundService, IDeliverySignal, IDeliveryLanes
{
    /// <summary>What is left for clean-up and for handing back when even cut deliveries do not end.</summary>
    private static readonly TimeSpan LastMoment = TimeSpan.FromSeconds(1.5);

    private static readonly TimeSpan LedgerPause = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, DeliveryLane> _lanes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _cut = new();
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationToken _stopping = new(canceled: true);

    public Task Opened => _opened.Task;

    public bool IsDown(string targetKey) => _lanes.TryGetValue(targetKey, out var lane) && lane.IsDown;

    public void Notify(string targetKey)
    {
        if (_lanes.TryGetValue(targetKey, out var lane))
            lane.Wake();
        else if (!_stopping.IsCancellationRequested)
            OpenLane(targets.Find(targetKey));
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var target in targets.All)
            metrics.Introduce(target.Name);
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await _cut.CancelAsync(); // also if the host's patience ended first
    }

    public override void Dispose()
    {
        base.Dispose();
        foreach (var lane in _lanes.Values)
            lane.Dispose();
        _cut.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // With the signal, not when the host comes to us: other services take their time to stop as well.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        await RunUntilAsync(ending.Token);
    }

    private async Task RunUntilAsync(CancellationToken stoppingToken)
    {
        try
        {
            await ReclaimAsync(stoppingToken);
            _stopping = stoppingToken;
            var startedAt = clock.GetUtcNow();
            foreach (var target in targets.All)
            {
                OpenLane(target);
                _ = Task.Run(() => PrepareAsync(target, startedAt, stoppingToken), CancellationToken.None);
            }

            _opened.TrySetResult();
            _ = claims.RunHeartBeatAsync(_cut.Token);
            await OpenLanesOfForgottenTargetsAsync(stoppingToken);
            await Task.Delay(Timeout.InfiniteTimeSpan, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await EndAsync();
        }
    }

    /// <summary>What a killed process left running is due again. One process owns the ledger file, so every claim found here is dead.</summary>
    private async Task ReclaimAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                var reclaimed = await ledger.ReclaimDeliveriesAsync(all: true, stoppingToken);
                if (reclaimed > 0)
                    LogReclaimed(reclaimed);
                return;
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogLedgerFailed(error.Message);
                await Task.Delay(LedgerPause, clock, stoppingToken);
            }
        }
    }

    /// <summary>Deliveries to a target that is no longer configured must not wait for ever unseen: their lane refuses them.</summary>
    private async Task OpenLanesOfForgottenTargetsAsync(CancellationToken stoppingToken)
    {
        try
        {
            foreach (var key in await ledger.ListWaitingTargetsAsync(stoppingToken))
                Notify(key);
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            LogLedgerFailed(error.Message);
        }
    }

    private void OpenLane(LaneTarget target)
    {
        var lane = newLane.Create(target);
        if (_lanes.TryAdd(target.Key, lane))
            _running[target.Key] = Task.Run(() => lane.RunAsync(_stopping, _cut.Token), CancellationToken.None);
        else
            lane.Dispose();
    }

    private async Task PrepareAsync(LaneTarget target, DateTimeOffset startedAt, CancellationToken stoppingToken)
    {
        try
        {
            await target.Destination.PrepareAsync(startedAt, stoppingToken);
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            LogNotPrepared(target.Name, error.Message);
        }
        catch (OperationCanceledException)
        {
            // The server stops; the next start prepares again.
        }
    }

    private async Task EndAsync()
    {
        var lanes = Task.WhenAll(_running.Values);
        await EndsWithinAsync(lanes, options.Value.ShutdownGrace);
        await _cut.CancelAsync();
        await EndsWithinAsync(lanes, LastMoment);
        try
        {
            using var patience = new CancellationTokenSource(LastMoment, clock);
            await claims.HandBackAsync(patience.Token);
        }
        catch (Exception error)
        {
            // Their leases run out, and the next start reclaims them anyway.
            LogNotHandedBack(error.Message);
        }
    }

    private async Task EndsWithinAsync(Task task, TimeSpan time)
    {
        try
        {
            await task.WaitAsync(time, clock);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            LogStillRunning(_running.Values.Count(lane => !lane.IsCompleted));
        }
    }

    [LoggerMessage(LogLevel.Information, "deliveries of an earlier run reclaimed {count}")]
    private partial void LogReclaimed(int count);

    [LoggerMessage(LogLevel.Error, "failed to read the delivery queue {error}")]
    private partial void LogLedgerFailed(string error);

    [LoggerMessage(LogLevel.Warning, "delivery target is not ready {target}{error}")]
    private partial void LogNotPrepared(string target, string error);

    [LoggerMessage(LogLevel.Warning, "deliveries still running at stop {targets}")]
    private partial void LogStillRunning(int targets);

    [LoggerMessage(LogLevel.Warning, "failed to hand back deliveries {error}")]
    private partial void LogNotHandedBack(string error);
}
