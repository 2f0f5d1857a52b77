using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dex.Tus.Concatenation;

/// <summary>Joins, in the background, what waits for no part any more: a few at a time, each again and again until it works.</summary>
internal sealed partial class FinalJoiner(PendingFinals finals, JoinParts join, TimeProvider clock, ILogger<FinalJoiner> logger) : BackgroundService
{
    /// <summary>So many are copied at once: small ones need not wait for a large one, and the disk is not torn between many.</summary>
    private const int AtOnce = 4;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    /// <summary>How long a stop waits for copies to notice it; what they leave is as after a kill.</summary>
    private static readonly TimeSpan StopWait = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _places = new(AtOnce);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var running = new HashSet<Task>();
        try
        {
            await foreach (var pending in finals.Ready.ReadAllAsync(stoppingToken))
            {
                running.RemoveWhere(task => task.IsCompleted);
                running.Add(Task.Run(() => JoinAsync(pending, stoppingToken), CancellationToken.None));
            }
        }
        finally
        {
            await Task.WhenAny(Task.WhenAll(running), Task.Delay(StopWait, clock, CancellationToken.None));
        }
    }

    private async Task JoinAsync(PendingFinal pending, CancellationToken stoppingToken)
    {
        for (var wait = FirstWait; !await TryJoinAsync(pending, stoppingToken); wait = wait * 2 < LongestWait ? wait * 2 : LongestWait)
            await Task.Delay(wait, clock, stoppingToken);
    }

    private async Task<bool> TryJoinAsync(PendingFinal pending, CancellationToken stoppingToken)
    {
        await _places.WaitAsync(stoppingToken);
        try
        {
            await join.ExecuteAsync(pending, stoppingToken);
            return true;
        }
        catch (OperationCanceledException) when (pending.Gone.IsCancellationRequested)
        {
            return true;
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            LogFailed(pending.Id, error);
            return false;
        }
        finally
        {
            pending.NoteTried();
            _places.Release();
        }
    }

    [LoggerMessage(LogLevel.Error, "the parts of a final upload are not joined yet {uploadId}")]
    private partial void LogFailed(string uploadId, Exception error);
}
