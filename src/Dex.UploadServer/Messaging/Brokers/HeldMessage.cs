namespace Dex.UploadServer.Messaging.Brokers;

/// <summary>A received message and its keep-alive: as long as it is held, others do not get it (spec: reports-and-events.md 7.2, 9.10).</summary>
internal sealed partial class HeldMessage : IAsyncDisposable
{
    /// <summary>For 30 s, renewal every 25 s.</summary>
    private const double RenewAfter = 5.0 / 6;

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly IBrokerMessage _message;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _answered = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly Task _keeping;

    public HeldMessage(IBrokerMessage message, TimeProvider clock, ILogger logger)
    {
        _message = message;
        _clock = clock;
        _logger = logger;
        _keeping = KeepAsync();
    }

    /// <summary>Fires when it could not be renewed in time, or the broker says that it is not ours any more.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>It has done its work.</summary>
    public async Task DeleteAsync(CancellationToken cancellationToken)
    {
        await StopKeepingAsync();
        await _message.DeleteAsync(cancellationToken);
    }

    /// <summary>It is to come again.</summary>
    public async Task ReturnAsync(TimeSpan after, CancellationToken cancellationToken)
    {
        await StopKeepingAsync();
        await _message.ReturnAsync(after, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await StopKeepingAsync();
        _answered.Dispose();
        _lost.Dispose();
    }

    private async Task StopKeepingAsync()
    {
        await _answered.CancelAsync();
        await _keeping;
    }

    private async Task KeepAsync()
    {
        var renewed = _clock.GetTimestamp();
        var wait = _message.KeptFor * RenewAfter;
        try
        {
            while (true)
            {
                await Task.Delay(wait, _clock, _answered.Token);
                var began = _clock.GetTimestamp();
                try
                {
                    // Not cut short by an answer: a renewal that arrives after it would hide the message once more.
                    await _message.RenewAsync(CancellationToken.None);
                    renewed = began;
                    wait = _message.KeptFor * RenewAfter;
                }
                catch (IOException error)
                {
                    LogNotRenewed(_message.Id, error.Message);
                    var isLost = error is BrokerException { Failure: BrokerFailure.LockLost };
                    if (isLost || _clock.GetElapsedTime(renewed) >= _message.KeptFor)
                        await _lost.CancelAsync();
                    if (isLost)
                        return;
                    wait = s_pause;
                }
            }
        }
        catch (OperationCanceledException) when (_answered.IsCancellationRequested)
        {
            // Answered, or about to be.
        }
    }

    [LoggerMessage(LogLevel.Warning, "message could not be kept from other receivers {message_id}{error}")]
    private partial void LogNotRenewed(string message_id, string error);
}
