using System.Buffers;

namespace Dex.UploadServer.Telemetry.Metrics;

/// <summary>One line of a family, or a histogram's lines: all measurements with the same labels.</summary>
internal abstract class Series(string labels)
{
    private long _scrape;

    /// <summary>As shown between the braces.</summary>
    public string Labels { get; } = labels;

    /// <summary>The scrape in which an observable instrument last named this series.</summary>
    public long Scrape
    {
        get => Interlocked.Read(ref _scrape);
        set => Interlocked.Exchange(ref _scrape, value);
    }

    public abstract void Write(IBufferWriter<byte> output);
}
