using Dex.Tus.Lifecycle;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Retention;

/// <summary>Sweeps the upload store soon after the start and then again and again, if it is told to.</summary>
internal sealed partial class SweepService(
    Sweeper sweeper, UploadExpiration expiration, IOptions<RetentionOptions> options, TimeProvider clock, ILogger<SweepService> logger) : BackgroundService
{
    /// <summary>A server that is restarted often must get round to it, too.</summary>
    private static readonly TimeSpan LongestFirstWait = TimeSpan.FromMinutes(1);

    private TimeSpan? Interval => options.Value.SweepInterval ?? (expiration.IsOn ? RetentionOptions.UsualInterval : null);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        if (Interval is not { } interval)
            return;
        for (var wait = interval < LongestFirstWait ? interval : LongestFirstWait; ; wait = interval)
        {
            await Task.Delay(wait, clock, stoppingToken);
            try
            {
                await sweeper.RunAsync(options.Value.DryRun, guard: null, stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogBroken(error); // the next one starts anew
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "sweep of the upload store broke off")]
    private partial void LogBroken(Exception error);
}
