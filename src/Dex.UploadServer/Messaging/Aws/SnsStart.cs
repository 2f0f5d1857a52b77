namespace Dex.UploadServer.Messaging.Aws;

/// <summary>Finds or makes the topics that are published to when the server starts, so that others can subscribe; goes on trying while the broker is away (spec: reports-and-events.md 6).</summary>
internal sealed partial class SnsStart(IReadOnlyList<SnsTopic> topics, TimeProvider clock, ILogger<SnsStart> logger) : BackgroundService
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>How long the start waits for the broker; it goes on without.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(1.5);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await base.StartAsync(cancellationToken);
        await ExecuteTask!.WaitAsync(StartPatience, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(topics.Select(topic => EnsureAsync(topic, stoppingToken)));

    private async Task EnsureAsync(SnsTopic topic, CancellationToken stoppingToken)
    {
        for (var wait = FirstWait; !stoppingToken.IsCancellationRequested; wait = wait * 2 < LongestWait ? wait * 2 : LongestWait)
        {
            try
            {
                await topic.EnsureAsync(stoppingToken);
                return;
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotReady(topic.Arn, error.Message);
                await Task.Delay(wait, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return; // the server stops
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "the topic cannot be published to yet {topic}{error}")]
    private partial void LogNotReady(string topic, string error);
}
