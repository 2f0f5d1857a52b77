namespace Dex.Tus.Locking;

/// <summary>Gives out the exclusive right to touch one upload (spec: tus.md 16).</summary>
public interface IUploadLocker
{
    /// <summary>Waits for the lock, in order of arrival, and asks whoever holds it to let go.</summary>
    /// <returns>The lock, or null when <paramref name="cancellationToken"/> fired first.</returns>
    ValueTask<IUploadLock?> AcquireAsync(string uploadId, CancellationToken cancellationToken);

    /// <summary>Takes the lock if nobody has it; a holder is not asked to let go.</summary>
    /// <returns>The lock, or null when somebody holds it.</returns>
    ValueTask<IUploadLock?> TryAcquireAsync(string uploadId, CancellationToken cancellationToken);
}

/// <summary>The exclusive right to touch one upload, until disposed. A kill of the process ends it too.</summary>
public interface IUploadLock : IAsyncDisposable
{
    /// <summary>Fires when another request wants the upload, or the lock can no longer be trusted: stop reading, store what has arrived, release.</summary>
    CancellationToken ReleaseRequested { get; }
}
