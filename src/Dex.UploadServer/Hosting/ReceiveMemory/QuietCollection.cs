namespace Dex.UploadServer.Hosting.ReceiveMemory;

/// <summary>Gives memory back after a burst: once much was allocated and nothing is any more, the garbage is collected and returned to the system.</summary>
/// <remarks>The runtime collects when it needs room. Thousands of senders that come at once and then trickle never make it need any, so their beginnings would stay resident.</remarks>
internal sealed class QuietCollection(TimeProvider clock) : BackgroundService
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Bytes allocated since the last time that make it worth while.</summary>
    public const long WorthBytes = 8 * 1024 * 1024;

    /// <summary>Bytes allocated within one interval that still count as quiet.</summary>
    public const long QuietBytes = 256 * 1024;

    private long _collectedAt;
    private long _last;

    /// <summary>Whether it is time to collect.</summary>
    /// <param name="allocated">Bytes that the process has allocated in its life.</param>
    public bool IsDue(long allocated)
    {
        var quiet = allocated - _last <= QuietBytes;
        _last = allocated;
        if (!quiet || allocated - _collectedAt < WorthBytes)
            return false;
        _collectedAt = allocated;
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (IsDue(GC.GetTotalAllocatedBytes()))
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }
}
