namespace Dex.UploadServer.Hosting;

/// <summary>What an answer promises over a power failure (spec: reliability.md 2).</summary>
internal enum UploadDurability
{
    /// <summary>Never flushed: for benchmarks and throw-away environments.</summary>
    None,

    /// <summary>Flushed at creation and completion.</summary>
    Final,

    /// <summary>Additionally before every acknowledged offset.</summary>
    Every,
}
