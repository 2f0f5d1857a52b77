using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Delivery;

/// <summary>When a failed delivery is tried again, and when it is given up: 1 s, 5 s, 25 s, 60 s …, each ±20 % (spec: reliability.md 4.1).</summary>
/// <param name="chance">A number from 0 to 1 for each call.</param>
internal sealed class RetryPolicy(IOptions<DeliveryOptions> options, Func<double> chance)
{
    private const double Factor = 5;
    private const double Jitter = 0.2;

    /// <summary>Whether a delivery that has failed so many times is given up.</summary>
    public bool IsExhausted(int attempts) => attempts > options.Value.MaxRetries;

    /// <summary>How long to wait after so many failures in a row, 1 or more; never longer than the bound.</summary>
    public TimeSpan WaitAfter(int failures)
    {
        var bound = options.Value.RetryMax.TotalMilliseconds;
        var wait = Math.Min(options.Value.RetryBase.TotalMilliseconds * Math.Pow(Factor, Math.Min(failures - 1, 30)), bound);
        return TimeSpan.FromMilliseconds(Math.Min(wait * (1 - Jitter + (2 * Jitter * chance())), bound));
    }
}
