using System.Numerics;

namespace Dex.Bench.Load;

/// <summary>How long operations took, counted in buckets less than 2 % wide: recording allocates nothing.</summary>
internal sealed class Latencies
{
    private const int SubBits = 6, SubCount = 1 << SubBits;

    private readonly long[] _counts = new long[(64 - SubBits + 1) * SubCount];

    public long Count { get; private set; }

    public void Record(TimeSpan duration) => RecordNanoseconds(Math.Max(duration.Ticks, 0) * 100);

    public void RecordNanoseconds(long nanoseconds)
    {
        _counts[BucketOf(nanoseconds)]++;
        Count++;
    }

    public void Add(Latencies other)
    {
        for (var bucket = 0; bucket < _counts.Length; bucket++)
            _counts[bucket] += other._counts[bucket];
        Count += other.Count;
    }

    /// <summary>The time in milliseconds within which this share of the operations ended.</summary>
    public double Milliseconds(double share)
    {
        var wanted = (long)Math.Ceiling(Count * share);
        long seen = 0;
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= wanted && seen > 0)
                return LowestOf(bucket) / 1e6;
        }

        return 0;
    }

    private static int BucketOf(long nanoseconds)
    {
        if (nanoseconds < SubCount)
            return (int)nanoseconds;
        var shift = BitOperations.Log2((ulong)nanoseconds) - SubBits;
        return ((shift + 1) * SubCount) + (int)((nanoseconds >> shift) & (SubCount - 1));
    }

    private static double LowestOf(int bucket)
    {
        var shift = (bucket / SubCount) - 1;
        return shift < 0 ? bucket : Math.ScaleB(SubCount + (bucket % SubCount), shift);
    }
}
