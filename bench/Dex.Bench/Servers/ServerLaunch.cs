namespace Dex.Bench.Servers;

/// <summary>How a server is started in a folder of its own, and where it keeps what.</summary>
internal sealed record ServerLaunch
{
    public required string Program { get; init; }

    public required IReadOnlyList<string> Arguments { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Where an upload's bytes lie under its id.</summary>
    public required string UploadsFolder { get; init; }

    /// <summary>Folders whose files may be removed when nothing is in progress.</summary>
    public required IReadOnlyList<string> DataFolders { get; init; }

    /// <summary>Where every finished upload must have a copy in the end; null if nothing is delivered.</summary>
    public string? DeliveredFolder { get; init; }

    /// <summary>Whether stored bytes can be compared with what was sent.</summary>
    public bool Stores { get; init; } = true;
}
