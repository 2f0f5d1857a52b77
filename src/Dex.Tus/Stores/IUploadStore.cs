using Dex.Tus.Digests;
using Dex.Tus.Receiving;

namespace Dex.Tus.Stores;

/// <summary>Where uploads are kept while they arrive. Every method but <see cref="FindAsync"/> is called under the upload's lock.</summary>
/// <remarks>Optional abilities are interfaces of their own, one for each tus extension: <see cref="ITerminationStore"/>, <see cref="ILengthDeferralStore"/>, <see cref="IConcatenationStore"/>, <see cref="IPendingConcatenationStore"/>, and one for digests, <see cref="IDigestStore"/>. spec: tus.md 19.</remarks>
public interface IUploadStore
{
    /// <summary>Creates an upload without bytes: data object first, then record, both safe against a kill when this returns.</summary>
    /// <exception cref="StoreFullException">No room; nothing is left behind.</exception>
    /// <exception cref="IOException">Storage failed; nothing is left behind that would answer 500.</exception>
    ValueTask<Upload> CreateAsync(NewUpload upload, CancellationToken cancellationToken);

    /// <summary>The upload as it is durably stored, or null if there is none (any more).</summary>
    /// <exception cref="IOException">Storage failed. Never used to say "not found".</exception>
    /// <exception cref="InvalidDataException">The record exists and cannot be read; it stays in place.</exception>
    ValueTask<Upload?> FindAsync(string uploadId, CancellationToken cancellationToken);

    /// <summary>Appends bytes to an upload.</summary>
    /// <param name="upload">As found under the lock; its offset is where <paramref name="content"/> begins, in bytes.</param>
    /// <param name="content">Hands out the received bytes in place (no copy), never more than the upload may still take. Ends, rather than throws, when the client leaves.</param>
    /// <param name="cancellationToken">Fires when the grace period is over; until then keep what has arrived.</param>
    /// <returns>The upload with its new offset: every byte counted is stored and survives a kill of the process.</returns>
    /// <exception cref="StoreFullException">No room for more; bytes that fitted are kept and found by <see cref="FindAsync"/>.</exception>
    /// <exception cref="IOException">Storage failed. The client is answered 500 and may resume from HEAD.</exception>
    /// <remarks>tus 1.0.0, core protocol, PATCH: the server stores as much of the received data as possible.</remarks>
    ValueTask<Upload> AppendAsync(Upload upload, IncomingBody content, CancellationToken cancellationToken);

    /// <summary>Makes a complete upload as durable as the host's settings promise and writes what must stand beside finished data. Idempotent.</summary>
    /// <returns>The upload with <see cref="Upload.Crc32C"/> filled in.</returns>
    /// <exception cref="IOException">Storage failed; the upload is not finished and this may be called again.</exception>
    ValueTask<Upload> FinishAsync(Upload upload, CancellationToken cancellationToken);
}

/// <summary>Removes uploads: tus 1.0.0, extension termination.</summary>
public interface ITerminationStore
{
    /// <summary>Removes data, record and every side file; the record last. Nothing there is success.</summary>
    ValueTask DeleteAsync(Upload upload, CancellationToken cancellationToken);
}

/// <summary>Accepts uploads without a length: tus 1.0.0, extension creation-defer-length.</summary>
public interface ILengthDeferralStore
{
    /// <summary>Records the length for good, before any byte that follows is read. Survives a kill when this returns.</summary>
    ValueTask<Upload> DeclareLengthAsync(Upload upload, long length, CancellationToken cancellationToken);
}

/// <summary>Joins partial uploads: tus 1.0.0, extension concatenation.</summary>
public interface IConcatenationStore
{
    /// <summary>Creates a final upload that holds the parts' bytes in order. It becomes visible only when complete; the parts stay.</summary>
    /// <param name="upload">A final upload; its length is the sum of the parts' lengths.</param>
    /// <param name="parts">Complete uploads, in order; one may stand several times.</param>
    ValueTask<Upload> ConcatenateAsync(NewUpload upload, IReadOnlyList<Upload> parts, CancellationToken cancellationToken);
}

/// <summary>Keeps what senders declare of whole uploads, and what was found of it (spec: tus.md DR22).</summary>
/// <remarks>A store that can do so keeps <see cref="NewUpload.Digests"/> with the upload and gives them back as <see cref="Upload.Digests"/>.</remarks>
public interface IDigestStore
{
    /// <summary>Reads the bytes of an upload that <see cref="IUploadStore.FinishAsync"/> has finished, from the start.</summary>
    /// <exception cref="IOException">Storage failed.</exception>
    ValueTask<Stream> OpenAsync(Upload upload, CancellationToken cancellationToken);

    /// <summary>Keeps <see cref="Upload.Digests"/> of a finished upload. As durable as its record when this returns.</summary>
    ValueTask RecordDigestsAsync(Upload upload, CancellationToken cancellationToken);
}

/// <summary>Joins partial uploads into a final one that exists already: tus 1.0.0, extension concatenation-unfinished.</summary>
/// <remarks><see cref="IUploadStore.CreateAsync"/> makes such a final upload, empty and with its parts; its length is null while that of a part is unknown.</remarks>
public interface IPendingConcatenationStore : IConcatenationStore
{
    /// <summary>Copies the parts' bytes in order to a place where nobody sees them. Called under no lock; may take long, and leaves nothing behind when it fails.</summary>
    /// <param name="final">A final upload that waits; its length is the sum of the parts' lengths.</param>
    /// <param name="parts">Complete uploads, in order; one may stand several times.</param>
    /// <exception cref="StoreFullException">No room for the copy.</exception>
    /// <exception cref="IOException">Storage failed, or a part is gone.</exception>
    ValueTask<IJoinedParts> CopyPartsAsync(Upload final, IReadOnlyList<Upload> parts, CancellationToken cancellationToken);
}

/// <summary>The bytes of a final upload, copied aside. Removed when disposed, unless they were committed.</summary>
public interface IJoinedParts : IAsyncDisposable
{
    /// <summary>Makes the final upload complete in one step: after a kill it is either whole or waits as before. Called under its lock.</summary>
    /// <exception cref="IOException">Storage failed; the upload waits as before, or is whole.</exception>
    ValueTask<Upload> CommitAsync(CancellationToken cancellationToken);
}

/// <summary>What a store is asked to create.</summary>
public sealed record NewUpload
{
    /// <inheritdoc cref="Upload.Id"/>
    public required string Id { get; init; }

    /// <inheritdoc cref="Upload.Length"/>
    public required long? Length { get; init; }

    /// <inheritdoc cref="Upload.Metadata"/>
    public required UploadMetadata Metadata { get; init; }

    /// <inheritdoc cref="Upload.Kind"/>
    public UploadKind Kind { get; init; }

    /// <inheritdoc cref="Upload.Parts"/>
    public System.Collections.Immutable.ImmutableArray<string> Parts { get; init; } = [];

    /// <inheritdoc cref="Upload.Digests"/>
    public UploadDigests? Digests { get; init; }
}

/// <summary>The store has no room. Answered 507; the client may resume when there is room again.</summary>
public sealed class StoreFullException : IOException
{
    public StoreFullException() : base("no room left in the upload store") { }
    public StoreFullException(string message) : base(message) { }
    public StoreFullException(string message, Exception innerException) : base(message, innerException) { }
}
