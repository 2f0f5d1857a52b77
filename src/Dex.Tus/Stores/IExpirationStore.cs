namespace Dex.Tus.Stores;

/// <summary>Lets unfinished uploads expire: tus 1.0.0, extension expiration.</summary>
public interface IExpirationStore
{
    /// <summary>Sets <see cref="Upload.ModifiedAt"/>, under the upload's lock. Survives a kill when this returns; the bytes stay as they are.</summary>
    /// <returns>The upload with the time that <see cref="IUploadStore.FindAsync"/> will tell, which is another one where the store may not set it.</returns>
    ValueTask<Upload> TouchAsync(Upload upload, DateTimeOffset modifiedAt, CancellationToken cancellationToken);
}
