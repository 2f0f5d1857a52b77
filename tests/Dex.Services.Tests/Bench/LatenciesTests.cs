using Dex.Bench.Load;

namespace Dex.Services.Bench;

/// <summary>The percentiles that every report shows.</summary>
public sealed class LatenciesTests
{
    [Theory]
    [InlineData(0.5, 5.0)]
    [InlineData(0.99, 9.9)]
    [InlineData(1.0, 10.0)]
    public void A_percentile_is_true_to_two_hundredths(double share, double expected)
    {
        var latencies = new Latencies();
        for (var microseconds = 1; microseconds <= 10_000; microseconds++)
            latencies.Record(TimeSpan.FromMicroseconds(microseconds));

        Assert.InRange(latencies.Milliseconds(share), expected * 0.98, expected);
    }

    [Fact]
    public void Counts_of_several_threads_add_up()
    {
        var (fast, slow) = (new Latencies(), new Latencies());
        fast.Record(TimeSpan.FromMilliseconds(1));
        slow.Record(TimeSpan.FromSeconds(100));

        fast.Add(slow);

        Assert.Equal(2, fast.Count);
        Assert.InRange(fast.Milliseconds(1), 98_000, 100_000);
    }
}
