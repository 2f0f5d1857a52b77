using System.Buffers;

namespace Dex.UploadServer.Telemetry.Metrics;

/// <summary>The ends of lines in the text format.</summary>
internal static class MetricText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static void WriteNumberLine(IBufferWriter<byte> output, double value)
    {
        var line = output.GetSpan(MetricNumber.MostBytes + 1);
        var length = MetricNumber.Format(value, line);
        line[length] = (byte)'\n';
        output.Advance(length + 1);
    }
}
