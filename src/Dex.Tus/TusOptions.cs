using System.Text.RegularExpressions;

namespace Dex.Tus;

/// <summary>Limits and time-outs of the protocol engine. Defaults are those of spec reliability.md 9 and tus.md 15 and 16.</summary>
public sealed class TusOptions
{
    /// <summary>Where uploads are mounted: an absolute path, or an absolute URL whose path is mounted and whose whole is used in <c>Location</c>. Default <c>/files/</c>.</summary>
    public string BasePath { get; set; } = "/files/";

    /// <summary>Most bytes one upload may have; null for no limit (default).</summary>
    public long? MaxSize { get; set; }

    /// <summary>Most bytes of an upload that is created without a length, where the store cannot take as many as of one that says it; null for <see cref="MaxSize"/> (default).</summary>
    public long? MaxDeferredSize { get; set; }

    /// <summary>What is taken of an upload whose length nobody has told.</summary>
    internal long? MaxUndeclared => MaxDeferredSize ?? MaxSize;

    /// <summary>How long an unfinished upload is kept after its last byte; null for ever (default).</summary>
    public TimeSpan? Expiration { get; set; }

    /// <summary>How long to wait for the next byte of a body. Default 60 s.</summary>
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a request waits for an upload that another holds. Default 20 s.</summary>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a store may go on saving what has arrived after a client left. Default 10 s.</summary>
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the rest of a body is read and dropped after an early answer, so that the answer is not lost to a reset. Default 30 s.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Most keys in <c>Upload-Metadata</c>. Default 1,000.</summary>
    public int MaxMetadataKeys { get; set; } = 1000;

    /// <summary>Most decoded bytes in <c>Upload-Metadata</c>. Default 64 KiB.</summary>
    public int MaxMetadataBytes { get; set; } = 64 * 1024;

    /// <summary>Metadata keys that may name the file. An upload in one request that has none of them gets the name that its client gives the file, under the last. Default <c>filename</c>.</summary>
    public IReadOnlyList<string> FileNameKeys { get; set; } = ["filename"];

    /// <summary>Most parts of one final upload. Default 10,000.</summary>
    public int MaxParts { get; set; } = 10_000;

    /// <summary>Where bodies with a checksum wait until it is verified, if they are larger than 1 MiB. Default: the folder for temporary files.</summary>
    public string StagingFolder { get; set; } = Path.GetTempPath();

    /// <summary>Whether requests may name an upload by the predecessor's long id in S3, <c>{id}+{multipart id}</c>. Default false.</summary>
    public bool AcceptsLongIds { get; set; }

    /// <summary>Most creations and appends of one client (by its address) at the same time; beyond it 503. Null for no limit (default).</summary>
    public int? MaxBodiesPerClient { get; set; }

    /// <summary>Most creations of one client in a minute; beyond it 503. Null for no limit (default).</summary>
    public int? MaxCreationsPerClientAndMinute { get; set; }

    /// <summary>Origins that browsers may call from; null allows any (default).</summary>
    public Regex? AllowedOrigins { get; set; }

    /// <summary>The path below which uploads live: leading and trailing slash.</summary>
    internal string MountPath
    {
        get
        {
            var path = PublicPrefix is { } prefix ? new Uri(prefix).AbsolutePath : BasePath;
            path = "/" + path.Trim('/');
            return path == "/" ? path : path + "/";
        }
    }

    /// <summary>The configured absolute URL with a trailing slash, or null if the base path is just a path.</summary>
    internal string? PublicPrefix =>
        BasePath.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || BasePath.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            ? BasePath.TrimEnd('/') + "/"
            : null;
}
