namespace Dex.UploadServer.Retention;

/// <summary>Keeps servers away from the store for a moment, for removals by a process that does not share their locks.</summary>
internal interface IStoreGuard
{
    /// <returns>To be disposed at once after the removal; null while a server runs on the store.</returns>
    /// <exception cref="IOException">It cannot be told whether one runs.</exception>
    IDisposable? TryExcludeServers();
}
