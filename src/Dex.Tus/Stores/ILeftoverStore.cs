namespace Dex.Tus.Stores;

/// <summary>Finds and removes what killed processes and half-removed uploads have left in a store. Never an upload, never what it does not know by name (spec: storage-layout.md 9.8).</summary>
public interface ILeftoverStore
{
    /// <summary>What belongs to no upload and has not been touched since <paramref name="before"/>, in no order.</summary>
    IAsyncEnumerable<Leftover> ListLeftoversAsync(DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>Removes it if it is still what it was when it was listed. Called under the lock of its upload, if it names one.</summary>
    /// <returns>Whether it is gone by this call.</returns>
    ValueTask<bool> RemoveAsync(Leftover leftover, CancellationToken cancellationToken);
}

/// <summary>What a piece of leftover was for.</summary>
public enum LeftoverKind
{
    /// <summary>Bytes without a record.</summary>
    Data,

    /// <summary>A record without bytes.</summary>
    Record,

    /// <summary>A side file of an upload that is gone.</summary>
    Side,

    /// <summary>A file that was never finished.</summary>
    Temporary,
}

/// <summary>A piece of leftover.</summary>
/// <param name="Name">The store's own word for it.</param>
/// <param name="UploadId">Whose it was; null if it tells no upload.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="ModifiedAt">When it was last written.</param>
public sealed record Leftover(LeftoverKind Kind, string Name, string? UploadId, long Bytes, DateTimeOffset ModifiedAt);
