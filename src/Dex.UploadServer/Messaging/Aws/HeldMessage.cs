using System.Globalization;
using Amazon.SQS.Model;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>A received message and its keep-alive: as long as it is held, others do not get it (spec: reports-and-events.md 7.2).</summary>
internal sealed partial class HeldMessage : IAsyncDisposable
{
    /// <summary>For 30 s of visibility, renewal every 25 s.</summary>
    private const double RenewAfter = 5.0 / 6;

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly SqsQueue _queue;
    private readonly Message _message;
    private readonly TimeSpan _visibility;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _answered = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly Task _keeping;

    public HeldMessage(SqsQueue queue, Message message, TimeSpan visibility, TimeProvider clock, ILogger logger)
    {
        _queue = queue;
        _message = message;
        _visibility = visibility;
        _clock = clock;
        _logger = logger;
        _keeping = KeepAsync();
    }

    /// <summary>How often it has been received.</summary>
    public int Receives =>
        _message.Attributes?.GetValueOrDefault("ApproximateReceiveCount") is { } text
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 1;

    /// <summary>Fires when it could not be renewed in time.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>It has done its work.</summary>
    public async Task DeleteAsync(CancellationToken cancellationToken)
    {
        await StopKeepingAsync();
        await _queue.DeleteAsync(_message, cancellationToken);
    }

    /// <summary>It is to come again.</summary>
    public async Task ReturnAsync(TimeSpan after, CancellationToken cancellationToken)
    {
        await StopKeepingAsync();
        await _queue.HideAsync(_message, after, cancellationToken);
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
        var wait = _visibility * RenewAfter;
        try
        {
            while (true)
            {
                await Task.Delay(wait, _clock, _answered.Token);
                var began = _clock.GetTimestamp();
                try
                {
                    // Not cut short by an answer: a renewal that arrives after it would hide the message once more.
                    await _queue.HideAsync(_message, _visibility, CancellationToken.None);
                    renewed = began;
                    wait = _visibility * RenewAfter;
                }
                catch (IOException error)
                {
                    LogNotRenewed(_message.MessageId, error.Message);
                    if (_clock.GetElapsedTime(renewed) >= _visibility)
                        await _lost.CancelAsync();
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
