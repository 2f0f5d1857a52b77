using System.Collections.Concurrent;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Messaging.Brokers;

/// <summary>How much is received at the same time.</summary>
/// <param name="Workers">Receive loops.</param>
/// <param name="MaxMessages">Messages of one receive.</param>
internal sealed record ReceiverOptions(int Workers, int MaxMessages);

/// <summary>Receives from a broker's queue in several loops, has each message's work done, and answers it: deleted, or to come again (spec: reports-and-events.md 7).</summary>
internal sealed partial class EventReceiver : BackgroundService
{
    /// <summary>Tries to have a message's work done before it is given back: some minutes.</summary>
    private const int MostTries = 10;

    /// <summary>Messages held only until they may come again, beyond those in work.</summary>
    private const int MostPausing = 256;

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>How long the start waits for the broker; it goes on without.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(2.5);

    /// <summary>How long the last receive, and then the last answer, may take when the server stops.</summary>
    private static readonly TimeSpan LastMoment = TimeSpan.FromSeconds(1.5);

    private readonly IBrokerQueue _queue;
    private readonly IEventHandler _handler;
    private readonly ReceiverOptions _options;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly TimeProvider _clock;
    private readonly ILogger<EventReceiver> _logger;
    private readonly int _places;
    private readonly SemaphoreSlim _room;
    private readonly SemaphoreSlim _pausing = new(MostPausing);
    private readonly string?[] _problems;
    private readonly ConcurrentDictionary<Task, bool> _handling = new();
    private readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _inWork;

    public EventReceiver(
        IBrokerQueue queue, IEventHandler handler, ReceiverOptions options, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<EventReceiver> logger)
    {
        _queue = queue;
        _handler = handler;
        _options = options;
        _lifetime = lifetime;
        _clock = clock;
        _logger = logger;
        _places = options.Workers * options.MaxMessages;
        _room = new SemaphoreSlim(_places);
        _problems = new string?[options.Workers];
    }

    public int Workers => _options.Workers;

    /// <summary>Why a worker receives nothing, or null.</summary>
    public string? ProblemOf(int worker) => Volatile.Read(ref _problems[worker]);

    /// <exception cref="StartupFailureException">The queue is not the one that was configured.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(StartPatience, _clock);
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
            await _queue.EnsureAsync(either.Token);
        }
        catch (WrongQueueException wrong)
        {
            throw new StartupFailureException("error subscribing to file ready", wrong.Message);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            // It may come back, and uploads do not need it.
            LogNotReady(patience.IsCancellationRequested ? $"no answer within {StartPatience.TotalSeconds} seconds" : error.Message);
        }

        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        // Their work ends with the delivery lanes, which stop before us; what is left is to answer.
        await Task.WhenAll(_handling.Keys).WaitAsync(LastMoment, _clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override void Dispose()
    {
        base.Dispose();
        _room.Dispose();
        _pausing.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // With the signal, not when the host comes to us: other services take their time to stop as well.
        await Task.WhenAll(Enumerable.Range(0, _options.Workers).Select(worker => ListenAsync(worker, _lifetime.ApplicationStopping)));
        _silent.TrySetResult();
    }

    private async Task ListenAsync(int worker, CancellationToken stopping)
    {
        await Task.Yield();
        for (var wait = FirstWait; !stopping.IsCancellationRequested;)
        {
            try
            {
                await ReceiveAsync(stopping);
                Volatile.Write(ref _problems[worker], null);
                wait = FirstWait;
            }
            catch (Exception error) when (!stopping.IsCancellationRequested)
            {
                // Whatever it is, it may pass.
                Volatile.Write(ref _problems[worker], error.Message);
                LogFailed(error.Message);
                var asked = error is BrokerException { RetryAfter: var after } ? after : TimeSpan.Zero;
                await Task.Delay(asked > wait ? asked : wait, _clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                wait = NextWait(wait);
            }
            catch (Exception)
            {
                return;
            }
        }
    }

    private async Task ReceiveAsync(CancellationToken stopping)
    {
        var places = await TakePlacesAsync(stopping);
        IReadOnlyList<IBrokerMessage> messages = [];
        try
        {
            await _queue.EnsureAsync(stopping);
            // Not ended by the stop at once, which would leave what the broker is just giving away invisible to all.
            using var late = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _clock);
            using var onStop = stopping.Register(() => late.CancelAfter(LastMoment));
            messages = await _queue.ReceiveAsync(places, late.Token);
        }
        finally
        {
            if (places > messages.Count)
                _room.Release(places - messages.Count);
        }

        foreach (var message in messages)
        {
            Interlocked.Increment(ref _inWork);
            var handling = HandleAsync(message, stopping);
            _handling.TryAdd(handling, true);
            _ = handling.ContinueWith(ended => _handling.TryRemove(ended, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task<int> TakePlacesAsync(CancellationToken stopping)
    {
        await _room.WaitAsync(stopping);
        var places = 1;
        while (places < _options.MaxMessages && _room.Wait(0, CancellationToken.None))
            places++;
        return places;
    }

    private void LeavePlace()
    {
        Interlocked.Decrement(ref _inWork);
        _room.Release();
    }

    private async Task HandleAsync(IBrokerMessage message, CancellationToken stopping)
    {
        await Task.Yield();
        var isPausing = false;
        try
        {
            await using var held = new HeldMessage(message, _clock, _logger);
            var answer = await AskAsync(message, held, stopping);
            if (answer.Fate is EventFate.Done || (answer.Fate is EventFate.GivenUp && !_queue.HasDeadLetters))
            {
                await held.DeleteAsync(CancellationToken.None);
                return;
            }

            var pause = Pause(answer);
            if (pause > TimeSpan.Zero && !_queue.HidesReturned)
            {
                // Others may be received meanwhile: this one waits for nothing but the time.
                isPausing = _pausing.Wait(0, CancellationToken.None);
                if (isPausing)
                    LeavePlace();
                await HoldAsync(held, pause, stopping);
                pause = TimeSpan.Zero;
            }

            await ReturnAsync(held, pause, stopping);
        }
        catch (Exception error)
        {
            // It becomes visible by itself, and then what has been done is known.
            LogNotAnswered(message.Id, error.Message);
        }
        finally
        {
            if (isPausing)
                _pausing.Release();
            else
                LeavePlace();
        }
    }

    private async Task HoldAsync(HeldMessage held, TimeSpan pause, CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, held.Lost);
        await Task.Delay(pause, _clock, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ReturnAsync(HeldMessage held, TimeSpan after, CancellationToken stopping)
    {
        // Not as long as a loop of our own could receive it once more.
        if (stopping.IsCancellationRequested)
            await _silent.Task;
        await held.ReturnAsync(after, CancellationToken.None);
    }

    // Held meanwhile: what fails on our side, for want of a ledger say, must not use up the message's receives.
    private async Task<EventAnswer> AskAsync(IBrokerMessage message, HeldMessage held, CancellationToken stopping)
    {
        var isLast = message.Receives >= _queue.LastReceive;
        var received = new ReceivedEvent(message.Id, message.Body, message.Receives, isLast)
        {
            IsInTheWay = () => Volatile.Read(ref _inWork) >= _places,
            Lost = held.Lost,
        };
        var wait = FirstWait;
        for (var tries = 1; !stopping.IsCancellationRequested && !held.Lost.IsCancellationRequested && tries <= MostTries; tries++)
        {
            try
            {
                return await _handler.HandleAsync(received, stopping);
            }
            catch (Exception error) when (!stopping.IsCancellationRequested)
            {
                LogNotHandled(message.Id, error.Message);
                await Task.Delay(wait, _clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                wait = NextWait(wait);
            }
            catch (Exception)
            {
                break; // given back below
            }
        }

        return new EventAnswer(EventFate.Again);
    }

    private static TimeSpan NextWait(TimeSpan wait) => wait * 2 < LongestWait ? wait * 2 : LongestWait;

    // Where a dead-letter queue takes what cannot be used, it is to get there soon; else it must not go round and round.
    private TimeSpan Pause(EventAnswer answer) =>
        answer.Fate is EventFate.Again || (answer.Fate is EventFate.Unusable && !_queue.HasDeadLetters) ? answer.After : TimeSpan.Zero;

    [LoggerMessage(LogLevel.Error, "the queue cannot be listened to yet {error}")]
    private partial void LogNotReady(string error);

    [LoggerMessage(LogLevel.Error, "Listener failed {error}")]
    private partial void LogFailed(string error);

    [LoggerMessage(LogLevel.Error, "failed to handle event {message_id}{error}")]
    private partial void LogNotHandled(string message_id, string error);

    [LoggerMessage(LogLevel.Warning, "message could not be answered; it will come again {message_id}{error}")]
    private partial void LogNotAnswered(string message_id, string error);
}
