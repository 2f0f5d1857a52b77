using System.Diagnostics;

namespace Dex.Testing;

/// <summary>Waits for what a user could see.</summary>
public static class Eventually
{
    /// <summary>Returns when the condition holds; fails after the time is over.</summary>
    public static Task TrueAsync(Func<bool> condition, TimeSpan? within = null) => TrueAsync(() => Task.FromResult(condition()), within);

    /// <inheritdoc cref="TrueAsync(Func{bool}, TimeSpan?)"/>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan? within = null)
    {
        var limit = within ?? TimeSpan.FromSeconds(30);
        var watch = Stopwatch.StartNew();
        while (true)
        {
            // Asked once more after the time is over, so that a machine that stood still is not what fails.
            var isOver = watch.Elapsed > limit;
            if (await condition())
                return;
            if (isOver)
                throw new TimeoutException($"did not come true within {limit.TotalSeconds} s");
            await Task.Yield();
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }
    }
}
