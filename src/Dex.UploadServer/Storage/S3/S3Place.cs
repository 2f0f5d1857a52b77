using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Where an object is, or is to be.</summary>
internal sealed record S3Place(S3Connection Connection, string Bucket, string Key)
{
    /// <summary>The object there, in that version.</summary>
    public StoredObject Stored(string tag) => new(Connection.Account.Store, Bucket, Key, tag);
}
