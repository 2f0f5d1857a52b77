using Dex.Bench.Load;
using Dex.Bench.Measuring;

namespace Dex.Bench.Scenarios;

/// <summary>What a scenario is to do, and to whom.</summary>
internal sealed record LoadJob
{
    public required TusTarget Target { get; init; }

    public required Payload Payload { get; init; }

    /// <summary>How long scenarios run that have no end of their own.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Keeps such a scenario going longer, until so many operations are made.</summary>
    public long LeastOperations { get; init; }

    /// <summary>Stops such a scenario earlier, after so many operations.</summary>
    public long MostOperations { get; init; } = long.MaxValue;

    /// <summary>Connections of the small scenarios.</summary>
    public int Connections { get; init; } = 16;

    /// <summary>Connections that are held open by <c>idle</c> and <c>trickle</c>.</summary>
    public int HeldConnections { get; init; } = 5_000;

    /// <summary>The large scenarios transfer their size divided by this.</summary>
    public int Divisor { get; init; } = 1;

    /// <summary>Where the generator's threads run; null for anywhere.</summary>
    public int? Processor { get; init; }

    /// <summary>The server's process; null if it is not known, then nothing is said of its memory.</summary>
    public ProcessMeter? Server { get; init; }
}

/// <summary>What a scenario did.</summary>
internal sealed record LoadOutcome
{
    public long Operations { get; init; }

    public long Bytes { get; init; }

    public TimeSpan Elapsed { get; init; }

    public Latencies? Latencies { get; init; }

    /// <summary>Uploads that are complete.</summary>
    public long Finished { get; init; }

    /// <summary>Whole uploads of payload, all or some, to be compared with what was sent.</summary>
    public IReadOnlyList<StoredUpload> Uploads { get; init; } = [];

    /// <summary>What only this scenario knows.</summary>
    public IReadOnlyDictionary<Figure, double> Also { get; init; } = new Dictionary<Figure, double>();
}

/// <param name="Id">The last segment of its address.</param>
/// <param name="Length">Bytes sent.</param>
internal sealed record StoredUpload(string Id, long Length);
