using System.Buffers;
using System.Text;

namespace Dex.UploadServer.Telemetry.Metrics;

/// <summary>A counter or gauge.</summary>
internal sealed class NumberSeries(string name, string labels) : Series(labels)
{
    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(labels.Length > 0 ? $"{name}{{{labels}}} " : $"{name} ");

    // All whole numbers up to here are exact.
    private const double LargestExact = 1L << 53;

    // Whole numbers, by far the most, are added without a retry loop.
    private long _whole;
    private double _rest;

    public void Add(double amount)
    {
        if (Math.Abs(amount) <= LargestExact && amount == Math.Truncate(amount))
            Interlocked.Add(ref _whole, (long)amount);
        else
            Atomic.Add(ref _rest, amount);
    }

    public void Set(double value) => Volatile.Write(ref _rest, value);

    public override void Write(IBufferWriter<byte> output)
    {
        output.Write(_prefix);
        MetricText.WriteNumberLine(output, Interlocked.Read(ref _whole) + Volatile.Read(ref _rest));
    }
}
