using System.Diagnostics.Metrics;
using Dex.Tus.Stores;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>How much room the disk of the uploads has: shown as a metric, and kept for what has begun already (spec: reliability.md F4).</summary>
internal sealed class FreeSpace
{
    private readonly DriveInfo _disk;
    private readonly long _reserve;

    public FreeSpace(IOptions<UploadFolderOptions> options, IMeterFactory meters)
    {
        _disk = new DriveInfo(Path.GetFullPath(options.Value.BaseFolder));
        _reserve = options.Value.FreeSpaceReserve;
        meters.Create("Dex.Storage").CreateObservableGauge(
            "dex_server_upload_store_free_bytes", Observe, unit: null, "Free space on the disk of the uploads, in bytes");
    }

    /// <summary>Before an upload is created.</summary>
    /// <exception cref="StoreFullException">There is less room than the reserve.</exception>
    public void RequireReserve()
    {
        if (_reserve > 0 && _disk.AvailableFreeSpace < _reserve)
            throw new StoreFullException("less room than UPLOAD_FREE_SPACE_RESERVE is left");
    }

    private IEnumerable<Measurement<long>> Observe()
    {
        long free;
        try
        {
            free = _disk.AvailableFreeSpace;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            yield break; // /health tells that the folder is not there
        }

        yield return new Measurement<long>(free);
    }
}
