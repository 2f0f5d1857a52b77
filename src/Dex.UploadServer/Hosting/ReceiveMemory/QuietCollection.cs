namespace Dex.UploadServer.Hosting.ReceiveMemory;

/// <summary>Keeps garbage small while little is allocated: after a burst all of it is collected and given back to the system, and then what is new now and then.</summary>
/// <remarks>The runtime collects when it needs room. Thousands of senders that come at once and then trickle never make it need any, so their beginnings would stay resident.</remarks>
internal sealed class QuietCollection(TimeProvider clock) : BackgroundService
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Intervals between two full collections, at least.</summary>
    public const int Rest = 10;

    /// <summary>Bytes allocated since the last time that make it worth while.</summary>
    public const long WorthBytes = 8 * 1024 * 1024;

    /// <summary>Bytes allocated within one interval that still count as quiet: a few thousand reports a second, but not as many uploads.</summary>
    public const long QuietBytes = 16 * 1024 * 1024;

    private long _collectedAt;
    private long _last;
    private int _rested;
    private bool _burst;

    /// <summary>Which generation it is time to collect, with those below it; null for none.</summary>
    /// <param name="allocated">Bytes that the process has allocated in its life.</param>
    public int? FindDue(long allocated)
    {
        var quiet = allocated - _last <= QuietBytes;
        _last = allocated;
        _burst |= !quiet;
        _rested++;
        if (!quiet || allocated - _collectedAt < WorthBytes)
            return null;
        _collectedAt = allocated;
        if (!_burst || _rested <= Rest)
            return 0;
        (_burst, _rested) = (false, 0);
        return GC.MaxGeneration;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (FindDue(GC.GetTotalAllocatedBytes()) is { } generation)
                GC.Collect(generation, generation == GC.MaxGeneration ? GCCollectionMode.Aggressive : GCCollectionMode.Forced, blocking: true, compacting: generation == GC.MaxGeneration);
        }
    }
}
