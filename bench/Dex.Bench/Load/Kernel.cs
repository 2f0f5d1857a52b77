using System.Runtime.InteropServices;

namespace Dex.Bench.Load;

/// <summary>The Linux calls that keep the generator cheap, and its figures exact.</summary>
internal static unsafe partial class Kernel
{
    public const short Readable = 1;
    private const int Interrupted = 4;

    /// <summary>A descriptor that <see cref="Wait"/> looks at.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Watched
    {
        public int Descriptor;
        public short Wanted;
        public short Seen;
    }

    /// <summary>Sends file content without touching it; blocks until at least a part is taken.</summary>
    /// <returns>Bytes sent.</returns>
    public static long SendFile(int socket, int file, long offset, long bytes)
    {
        while (true)
        {
            var sent = (long)Native.SendFile(socket, file, &offset, (nuint)bytes);
            if (sent >= 0)
                return sent;
            var error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
                throw new IOException($"sendfile: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }

    /// <summary>Waits until something can be read, or the time is over.</summary>
    /// <returns>How many descriptors are ready.</returns>
    public static int Wait(Span<Watched> watched, int milliseconds)
    {
        fixed (Watched* first = watched)
        {
            var ready = Native.Poll(first, (nuint)watched.Length, milliseconds);
            if (ready >= 0 || Marshal.GetLastPInvokeError() == Interrupted)
                return Math.Max(ready, 0);
            throw new IOException($"poll: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }
    }

    /// <summary>Keeps the calling thread on one processor.</summary>
    public static void PinThread(int processor)
    {
        Span<ulong> mask = stackalloc ulong[16];
        mask[processor / 64] = 1UL << (processor % 64);
        fixed (ulong* first = mask)
        {
            if (Native.SchedSetAffinity(0, (nuint)(mask.Length * sizeof(ulong)), first) != 0)
                throw new IOException($"sched_setaffinity: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }
    }

    /// <summary>Processor time of a process: all its threads, those that have ended included, in user and kernel mode.</summary>
    public static TimeSpan ProcessorTime(int processId)
    {
        // The same sum as utime + stime in /proc/PID/stat, in nanoseconds instead of hundredths of a second.
        var clock = (~processId << 3) | 2;
        Timespec time;
        if (Native.ClockGetTime(clock, &time) != 0)
            throw new IOException($"process {processId}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        return new TimeSpan((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100));
    }

    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    private static partial class Native
    {
        [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
        public static partial nint SendFile(int socket, int file, long* offset, nuint bytes);

        [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
        public static partial int Poll(Watched* first, nuint count, int milliseconds);

        [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
        public static partial int SchedSetAffinity(int thread, nuint bytes, ulong* mask);

        [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
        public static partial int ClockGetTime(int clock, Timespec* time);
    }
}
