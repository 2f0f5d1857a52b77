using System.Runtime.InteropServices;

namespace Dex.Testing;

/// <summary>Signals of Linux, by number.</summary>
public enum ProcessSignal
{
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

internal static partial class ProcessSignals
{
    public static void Send(int processId, ProcessSignal signal)
    {
        if (Kill(processId, (int)signal) != 0)
            throw new InvalidOperationException($"Signal {signal} to process {processId} failed: error {Marshal.GetLastPInvokeError()}.");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
