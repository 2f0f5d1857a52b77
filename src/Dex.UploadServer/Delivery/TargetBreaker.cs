namespace Dex.UploadServer.Delivery;

/// <summary>Holds back a lane whose target fails repeatedly: one delivery at a time goes ahead as a probe, further and further apart, so that an outage does not use up the attempts of everything that waits (spec: reliability.md R6).</summary>
/// <remarks>Not thread-safe; the lane guards it.</remarks>
internal sealed class TargetBreaker(RetryPolicy retry)
{
    /// <summary>Failures in a row before the target counts as down.</summary>
    private const int Threshold = 3;

    private int _failures;

    public bool IsOpen => _failures >= Threshold;

    /// <summary>When the next probe may start; null while the target counts as up.</summary>
    public DateTimeOffset? ProbeAt { get; private set; }

    /// <summary>How many more deliveries may be started.</summary>
    public int Allowance(int running, int limit, DateTimeOffset now)
    {
        if (!IsOpen)
            return limit - running;
        return running == 0 && now >= ProbeAt ? 1 : 0;
    }

    /// <summary>The target failed a delivery.</summary>
    public void Failed(DateTimeOffset now)
    {
        _failures++;
        if (IsOpen)
            ProbeAt = now + retry.WaitAfter(_failures - Threshold + 1);
    }

    /// <summary>The time of the next probe means nothing any more.</summary>
    public void ProbeNow(DateTimeOffset now) => ProbeAt = IsOpen ? now : null;

    /// <summary>The target took a delivery.</summary>
    /// <returns>Whether it counted as down until now.</returns>
    public bool Succeeded()
    {
        var wasOpen = IsOpen;
        _failures = 0;
        ProbeAt = null;
        return wasOpen;
    }
}
