using System.Collections.Immutable;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>A record as it was read or written.</summary>
internal sealed record StoredRecord(UploadRecord Content, string Tag, DateTimeOffset StoredAt);

/// <summary>Finds and writes the <c>.info</c> objects. One is replaced whole or not at all.</summary>
internal interface IUploadRecords
{
    /// <summary>What a new record says of where the data is.</summary>
    ImmutableSortedDictionary<string, string> StorageOf(string uploadId);

    /// <summary>Null if there is none: only then is there no such upload.</summary>
    /// <exception cref="InvalidDataException">It cannot be read.</exception>
    Task<StoredRecord?> FindAsync(string uploadId, CancellationToken cancellationToken);

    /// <summary>Writes a record.</summary>
    /// <param name="found">What it replaces; null for a new one.</param>
    /// <exception cref="StoreCallException">Somebody has changed it meanwhile.</exception>
    Task<StoredRecord> PutAsync(string uploadId, UploadRecord record, StoredRecord? found, CancellationToken cancellationToken);

    Task DeleteAsync(string uploadId, CancellationToken cancellationToken);
}

/// <summary>Finds, reads and writes the <c>.part</c> objects.</summary>
internal interface IUploadTails
{
    Task<UploadTail?> FindAsync(string uploadId, CancellationToken cancellationToken);

    /// <summary>Reads the last bytes of a tail into a buffer that is empty.</summary>
    /// <exception cref="StoreCallException">It is not there any more, or another one.</exception>
    Task ReadAsync(string uploadId, UploadTail tail, long bytes, PooledPart into, CancellationToken cancellationToken);

    /// <summary>Puts a tail in place of the one that was found.</summary>
    /// <param name="tail">Its size and tag follow from its bytes.</param>
    /// <param name="open">Its bytes from the first, for each try.</param>
    /// <exception cref="StoreCallException">Another writer has put one there meanwhile.</exception>
    Task<UploadTail> PutAsync(string uploadId, UploadTail? found, UploadTail tail, Func<Stream> open, CancellationToken cancellationToken);

    Task DeleteAsync(string uploadId, CancellationToken cancellationToken);
}
