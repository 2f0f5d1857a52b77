using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>How long calls to an object store are tried again within one request (spec: reliability.md 6).</summary>
internal sealed class StoreRetry(IOptions<StoreCallOptions> options, TimeProvider clock, Func<double> chance)
{
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(3);

    /// <summary>Runs a call that may be repeated, until it succeeds, fails for good, or has been tried for long enough.</summary>
    /// <exception cref="StoreCallException">The last failure.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        var began = clock.GetTimestamp();
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await call(cancellationToken);
            }
            catch (StoreCallException failure) when (failure.MayPass && !cancellationToken.IsCancellationRequested)
            {
                var wait = WaitAfter(failures, failure);
                if (clock.GetElapsedTime(began) + wait > options.Value.RetryWindow)
                    throw;
                await Task.Delay(wait, clock, cancellationToken);
            }
        }
    }

    // Doubled each time, and spread, so that requests that failed together do not come back together.
    private TimeSpan WaitAfter(int failures, StoreCallException failure)
    {
        var longest = Math.Min(s_first.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 10)), s_longest.TotalMilliseconds);
        var wait = TimeSpan.FromMilliseconds(longest * (0.5 + (0.5 * chance())));
        return failure.RetryAfter > wait ? failure.RetryAfter : wait;
    }
}
