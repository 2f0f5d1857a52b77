using Dex.UploadServer.Retention;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Nobody can tell whether a server somewhere works on the uploads in an object store, so they are only removed by servers, under their locks.</summary>
internal sealed class SharedStoreGuard : IStoreGuard
{
    public IDisposable? TryExcludeServers() => null;
}
