using System.Buffers;
using System.Text;

namespace Dex.UploadServer.Telemetry.Metrics;

/// <summary>A distribution: how many observations were at most so large, their sum and their count.</summary>
internal sealed class HistogramSeries : Series
{
    private readonly double[] _bounds;
    private readonly long[] _counts;
    private readonly byte[][] _bucketPrefixes;
    private readonly byte[] _sumPrefix;
    private readonly byte[] _countPrefix;
    private double _sum;

    /// <param name="bounds">Upper bounds of the buckets, rising, inclusive, without infinity.</param>
    public HistogramSeries(string name, string labels, double[] bounds)
        : base(labels)
    {
        _bounds = bounds;
        _counts = new long[bounds.Length + 1];
        var before = labels.Length > 0 ? $"{labels}," : "";
        _bucketPrefixes = [.. bounds.Append(double.PositiveInfinity)
            .Select(bound => Encoding.UTF8.GetBytes($"{name}_bucket{{{before}le=\"{MetricNumber.Format(bound)}\"}} "))];
        var after = labels.Length > 0 ? $"{{{labels}}}" : "";
        _sumPrefix = Encoding.UTF8.GetBytes($"{name}_sum{after} ");
        _countPrefix = Encoding.UTF8.GetBytes($"{name}_count{after} ");
    }

    public void Observe(double value)
    {
        var bucket = Array.BinarySearch(_bounds, value);
        Interlocked.Increment(ref _counts[bucket < 0 ? ~bucket : bucket]);
        Atomic.Add(ref _sum, value);
    }

    public override void Write(IBufferWriter<byte> output)
    {
        long count = 0;
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            count += Interlocked.Read(ref _counts[bucket]);
            output.Write(_bucketPrefixes[bucket]);
            MetricText.WriteNumberLine(output, count);
        }

        output.Write(_sumPrefix);
        MetricText.WriteNumberLine(output, Volatile.Read(ref _sum));
        output.Write(_countPrefix);
        MetricText.WriteNumberLine(output, count);
    }
}
