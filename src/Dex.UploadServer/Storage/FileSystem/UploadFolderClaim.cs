using System.Runtime.InteropServices;
using Dex.UploadServer.Retention;
using Microsoft.Win32.SafeHandles;
using static Dex.UploadServer.Storage.FileSystem.DeliverySyscalls;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Shows other processes that a server runs on the folder: it keeps a shared kernel lock on it, which a kill releases, and leaves no file.</summary>
internal sealed partial class UploadFolderClaim(UploadFolder folder, TimeProvider clock, ILogger<UploadFolderClaim> logger) : IHostedService, IStoreGuard, IDisposable
{
    private const int LockShared = 1, WouldBlock = 11;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private SafeFileHandle? _claimed;

    /// <summary>Waits for a removal by hand that is under way; without a lock the server runs all the same.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            folder.EnsureExists();
            var start = clock.GetTimestamp();
            while ((_claimed = TryLock(LockShared)) is null && clock.GetElapsedTime(start) < Patience)
                await Task.Delay(Pause, clock, cancellationToken);
            if (_claimed is null)
                LogNotClaimed("another process has it to itself");
        }
        catch (IOException unusable)
        {
            LogNotClaimed(unusable.Message); // a folder that is not there is for /health to tell
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public IDisposable? TryExcludeServers() => TryLock(LockExclusive);

    public void Dispose() => _claimed?.Dispose();

    private SafeFileHandle? TryLock(int kind)
    {
        var handle = OpenAt(CurrentFolder, folder.Path, ReadOnly | CloseOnExec, 0);
        if (handle.IsInvalid)
            throw Failure(handle);
        if (Lock(handle, kind | LockWithoutWaiting) == 0)
            return handle;
        if (Marshal.GetLastPInvokeError() != WouldBlock)
            throw Failure(handle);
        handle.Dispose();
        return null;
    }

    private IOException Failure(SafeFileHandle handle)
    {
        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        return new IOException($"{folder.Path} cannot be locked: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    [LoggerMessage(LogLevel.Warning, "the upload folder is not marked as in use {reason}")]
    private partial void LogNotClaimed(string reason);
}
