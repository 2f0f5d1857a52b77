using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Dex.UploadServer.Telemetry.Http;

namespace Dex.UploadServer.Telemetry.Runtime;

/// <summary>The process family that every dashboard knows, read from /proc at each scrape (spec: metrics-logs-traces.md 2.3).</summary>
internal sealed class ProcessMetrics
{
    private const string Memory = "/proc/self/statm";
    private const string OpenFiles = "/proc/self/fd";
    private const string Limits = "/proc/self/limits";

    public ProcessMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(HttpMetrics.MeterName);
        var started = StartTime();
        meter.CreateObservableCounter(
            "process_cpu_seconds_total", () => Environment.CpuUsage.TotalTime.TotalSeconds, description: "Total user and system CPU time spent in seconds.");
        meter.CreateObservableGauge(
            "process_start_time_seconds", () => started, description: "Start time of the process since unix epoch in seconds.");
        if (!File.Exists(Memory))
            return; // Only Linux keeps the rest in files.

        meter.CreateObservableGauge(
            "process_virtual_memory_bytes", () => ReadMemory(0), description: "Virtual memory size in bytes.");
        meter.CreateObservableGauge(
            "process_resident_memory_bytes", () => ReadMemory(1), description: "Resident memory size in bytes.");
        meter.CreateObservableGauge(
            "process_open_fds", CountOpenFiles, description: "Number of open file descriptors.");
        meter.CreateObservableGauge(
            "process_max_fds", ReadMostOpenFiles, description: "Maximum number of open file descriptors.");
    }

    private static double StartTime()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000d;
    }

    /// <summary>A field of the memory statistics, which count pages: the whole address space, then what is resident.</summary>
    private static long ReadMemory(int field) =>
        long.Parse(File.ReadAllText(Memory).Split(' ')[field], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    // The descriptor that lists the folder is not one the process keeps.
    private static long CountOpenFiles() => Directory.EnumerateFileSystemEntries(OpenFiles).LongCount() - 1;

    private static double ReadMostOpenFiles()
    {
        var line = File.ReadLines(Limits).First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        var soft = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        return soft == "unlimited" ? double.PositiveInfinity : double.Parse(soft, CultureInfo.InvariantCulture);
    }
}
