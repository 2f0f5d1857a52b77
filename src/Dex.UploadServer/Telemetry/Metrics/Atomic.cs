namespace Dex.UploadServer.Telemetry.Metrics;

/// <summary>Addition of numbers that the processor cannot add atomically by itself.</summary>
internal static class Atomic
{
    public static void Add(ref double target, double amount)
    {
        var before = Volatile.Read(ref target);
        while (true)
        {
            var seen = Interlocked.CompareExchange(ref target, before + amount, before);

            // Compared by bits: NaN is never equal to itself.
            if (BitConverter.DoubleToInt64Bits(seen) == BitConverter.DoubleToInt64Bits(before))
                return;
            before = seen;
        }
    }
}
