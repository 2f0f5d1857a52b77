using System.IO.Pipelines;

namespace Dex.Tus.Receiving;

/// <summary>Ends a wait for bytes from another thread, whatever has become of the request meanwhile.</summary>
internal static class PendingRead
{
    /// <summary>Cancels a read that is waiting or, if none is, the next one.</summary>
    public static void Stop(PipeReader reader)
    {
        try
        {
            reader.CancelPendingRead();
        }
        catch (Exception error) when (error is InvalidOperationException or OperationCanceledException or IOException)
        {
            // The request is over, so nobody waits. Thrown on a timer or the pool, it would end the process.
        }
    }
}
