using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Dex.UploadServer.Telemetry.Http;

namespace Dex.UploadServer.Telemetry.Runtime;

/// <summary>What the runtime says of itself, and the one name of the predecessor's runtime that a dashboard needs (spec: metrics-logs-traces.md 2.3).</summary>
internal sealed class RuntimeMetrics : IDisposable
{
    private long _exceptions;

    public RuntimeMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(HttpMetrics.MeterName);
        meter.CreateObservableGauge(
            "go_goroutines",
            () => ThreadPool.ThreadCount + ThreadPool.PendingWorkItemCount,
            description: "Concurrent units of work: pool threads plus work items waiting for one. An alias, so that dashboards keep their panel.");
        meter.CreateObservableGauge(
            "dotnet_threadpool_threads", () => ThreadPool.ThreadCount, description: "Number of thread pool threads.");
        meter.CreateObservableGauge(
            "dotnet_threadpool_queue_length", () => ThreadPool.PendingWorkItemCount, description: "Number of work items waiting for a thread pool thread.");
        meter.CreateObservableCounter(
            "dotnet_gc_collections_total", CountCollections, description: "Number of garbage collections, partitioned by generation.");
        meter.CreateObservableCounter(
            "dotnet_gc_pause_seconds_total", () => GC.GetTotalPauseDuration().TotalSeconds, description: "Time the process stood still for garbage collections in seconds.");
        meter.CreateObservableCounter(
            "dotnet_gc_allocated_bytes_total", () => GC.GetTotalAllocatedBytes(), description: "Bytes allocated on the managed heap since the start.");
        meter.CreateObservableGauge(
            "dotnet_gc_heap_bytes", () => GC.GetTotalMemory(forceFullCollection: false), description: "Bytes in use on the managed heap.");
        meter.CreateObservableCounter(
            "dotnet_lock_contentions_total", () => Monitor.LockContentionCount, description: "Number of times a thread had to wait for a lock.");
        meter.CreateObservableCounter(
            "dotnet_exceptions_total", () => Interlocked.Read(ref _exceptions), description: "Number of exceptions thrown.");
        AppDomain.CurrentDomain.FirstChanceException += OnException;
    }

    public void Dispose() => AppDomain.CurrentDomain.FirstChanceException -= OnException;

    private static IEnumerable<Measurement<long>> CountCollections() =>
        Enumerable.Range(0, GC.MaxGeneration + 1).Select(generation => new Measurement<long>(
            GC.CollectionCount(generation),
            new KeyValuePair<string, object?>("generation", generation.ToString(CultureInfo.InvariantCulture))));

    private void OnException(object? sender, FirstChanceExceptionEventArgs thrown) => Interlocked.Increment(ref _exceptions);
}
