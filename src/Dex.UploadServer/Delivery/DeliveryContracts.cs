using System.Collections.Immutable;

namespace Dex.UploadServer.Delivery;

/// <summary>The reading end of a delivery: the store that holds finished uploads.</summary>
internal interface IDeliverySource
{
    /// <summary>What there is to carry, or null if the upload's data or metadata is not there, or not all of it yet.</summary>
    /// <param name="finished">What was recorded when the upload was finished; with it a source need not find out again whether it was. Null if nobody recorded that.</param>
    /// <exception cref="IOException">Storage failed.</exception>
    ValueTask<SourceFile?> FindAsync(string uploadId, FinishedUpload? finished, CancellationToken cancellationToken);

    /// <summary>The words a report uses when <see cref="FindAsync"/> finds nothing.</summary>
    string NotFoundMessage { get; }
}

/// <summary>What the ledger says of a finished upload that is what its sender declared.</summary>
/// <param name="Metadata">The manifest as it was stored with the upload.</param>
internal sealed record FinishedUpload(ImmutableSortedDictionary<string, string> Metadata);

/// <summary>A finished upload, ready to be read.</summary>
internal abstract class SourceFile : IAsyncDisposable
{
    public required string UploadId { get; init; }

    /// <summary>Bytes.</summary>
    public required long Length { get; init; }

    /// <summary>CRC-32C kept since arrival; null if it was never recorded (a predecessor's upload). A source that does not know it leaves it to the courier, who asks the ledger.</summary>
    public uint? Crc32C { get; set; }

    /// <summary>The manifest as stored with the upload.</summary>
    public required ImmutableSortedDictionary<string, string> Metadata { get; init; }

    /// <summary>Why it must not be carried anywhere, for people; null if nothing is wrong with it.</summary>
    public string? Rejection { get; init; }

    /// <summary>A file on this machine that holds the bytes, or null: destinations may then copy in the kernel.</summary>
    public virtual string? LocalPath => null;

    /// <summary>Where the bytes lie in an object store, or null: a destination in the same store may have the store copy them.</summary>
    public virtual StoredObject? StoredObject => null;

    /// <summary>Lets another store fetch the bytes by itself; null if they are in none.</summary>
    public virtual IReadLink? Link => null;

    /// <summary>Reads any range, several at the same time; null if the bytes can only be read from start to end.</summary>
    public virtual IRangeReader? Ranges => null;

    /// <summary>A reader from the start. It fails, rather than ends, when the source breaks (<see cref="ExactLengthStream"/>).</summary>
    public abstract ValueTask<Stream> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Compares what was read with what arrived when it was uploaded, if that is known.</summary>
    /// <param name="read">CRC-32C of all bytes.</param>
    /// <exception cref="DeliverySourceException">They differ.</exception>
    public void RequireUnchanged(uint read)
    {
        if (Crc32C is { } uploaded && read != uploaded)
            throw new DeliverySourceException($"source file has changed since it was uploaded: checksum {read:x8} instead of {uploaded:x8}");
    }

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>An object in a store, as it was when the delivery began.</summary>
/// <param name="Store">Which store: the same text, the same store.</param>
/// <param name="Container">Its bucket or container.</param>
/// <param name="Version">The store's mark for these very bytes; another one means that somebody has replaced them.</param>
internal sealed record StoredObject(string Store, string Container, string Key, string Version);

/// <summary>Lets another store read an object that is in one.</summary>
internal interface IReadLink
{
    /// <summary>Whose store the object is in: a link that is used by a store of the same provider stays with it.</summary>
    string Provider { get; }

    /// <summary>An address that whoever has it can read the object at. A secret.</summary>
    /// <param name="life">How long from now it is needed.</param>
    /// <returns>Null if the store's credentials allow none.</returns>
    /// <exception cref="DeliverySourceException">The store failed.</exception>
    ValueTask<Uri?> MakeAsync(TimeSpan life, CancellationToken cancellationToken);

    /// <summary>Whether the object is still the version that it was when the delivery began.</summary>
    /// <exception cref="DeliverySourceException">The store failed.</exception>
    ValueTask<bool> IsUnchangedAsync(CancellationToken cancellationToken);
}

/// <summary>Reads ranges of a source file, several at the same time.</summary>
internal interface IRangeReader
{
    /// <summary>Fills <paramref name="range"/> with the bytes from <paramref name="offset"/> on.</summary>
    /// <param name="arrived">Told how many bytes have arrived, each time some have.</param>
    /// <exception cref="DeliverySourceException">The source broke, has changed, or is shorter.</exception>
    ValueTask ReadAsync(long offset, Memory<byte> range, Action<int> arrived, CancellationToken cancellationToken);
}

/// <summary>The writing end of a delivery: one target.</summary>
internal interface IDeliveryDestination
{
    /// <summary>Carries the file to its place under the target: whole or absent, verified by size and checksum before it becomes visible. Running it again gives the same object (spec: reliability.md 5).</summary>
    /// <param name="path">Rendered path below the target's root; already checked by the courier.</param>
    /// <param name="progress">To be told whenever bytes have moved, also while verifying: a rising count. Silence for too long is a failed attempt.</param>
    /// <exception cref="DeliveryRefusedException">No retry can cure it.</exception>
    /// <exception cref="DeliverySourceException">The source broke, ended early or is not what was uploaded; the target is not to blame.</exception>
    /// <exception cref="DeliveryPostponedException">The target asked to be left alone for a while.</exception>
    /// <exception cref="IOException">Failed; nothing is visible; try again later.</exception>
    ValueTask<DeliveredFile> DeliverAsync(SourceFile source, string path, IProgress<long> progress, CancellationToken cancellationToken);

    /// <summary>Once at start, beside running deliveries: makes what may be missing at the target, and removes what a killed process left there (spec: reliability.md T3).</summary>
    /// <param name="startedAt">Nothing younger than this is removed.</param>
    /// <exception cref="IOException">The target is down; deliveries will tell.</exception>
    ValueTask PrepareAsync(DateTimeOffset startedAt, CancellationToken cancellationToken);

    /// <summary>Whether the target can be reached; throws with a reason for people if not. Creates nothing.</summary>
    ValueTask CheckAsync(CancellationToken cancellationToken);
}

/// <summary>A file at its target.</summary>
/// <param name="Location">As reported: path or URL.</param>
/// <param name="Warnings">What had to be left out, for WARNING issues.</param>
internal sealed record DeliveredFile(string Location, ImmutableArray<string> Warnings);

/// <summary>A delivery that no retry can cure: bad path, unknown target, access denied by policy.</summary>
internal sealed class DeliveryRefusedException : Exception
{
    public DeliveryRefusedException() { }
    public DeliveryRefusedException(string message) : base(message) { }
    public DeliveryRefusedException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>The source ended early, cannot be read, or differs from what was uploaded. Tried again, but not held against the target.</summary>
internal sealed class DeliverySourceException : IOException
{
    public DeliverySourceException() { }
    public DeliverySourceException(string message) : base(message) { }
    public DeliverySourceException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>The target throttles (503, 429, <c>SlowDown</c>): not to be tried before some time has passed (spec: reliability.md R4).</summary>
internal sealed class DeliveryPostponedException : IOException
{
    public DeliveryPostponedException() { }
    public DeliveryPostponedException(string message) : base(message) { }
    public DeliveryPostponedException(string message, Exception innerException) : base(message, innerException) { }
    public DeliveryPostponedException(string message, TimeSpan retryAfter) : base(message) => RetryAfter = retryAfter;

    /// <summary>As the target asked.</summary>
    public TimeSpan RetryAfter { get; }
}

/// <summary>How the delivery lanes are.</summary>
internal interface IDeliveryLanes
{
    /// <summary>Ends when they run, and what an earlier run left has been given back.</summary>
    Task Opened { get; }

    /// <summary>Whether a target fails again and again, so that its lane makes one attempt at a time.</summary>
    bool IsDown(string targetKey);
}

/// <summary>Wakes the delivery lanes when there may be something to claim.</summary>
internal interface IDeliverySignal
{
    /// <summary>New or due deliveries for a target's lane. Never blocks.</summary>
    void Notify(string targetKey);
}

/// <summary>Tells a destination which places at its target are this server's doing.</summary>
internal interface IDeliveryPaths
{
    /// <summary>Whether there is or was a delivery to that very path of the target.</summary>
    Task<bool> IsOursAsync(string targetKey, string path, CancellationToken cancellationToken);
}
