using System.Diagnostics.Metrics;

namespace Dex.UploadServer.Retention;

/// <summary>What dashboards see of sweeps.</summary>
internal sealed class RetentionMetrics
{
    private readonly Counter<long> _sweeps;
    private readonly Counter<long> _removed;
    private readonly Counter<long> _bytes;

    public RetentionMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Dex.Retention");
        _sweeps = meter.CreateCounter<long>("dex_server_sweeps_total", description: "Number of sweeps of the upload store, by result");
        _removed = meter.CreateCounter<long>("dex_server_sweep_removed_total", description: "Number of expired uploads and leftovers removed from the upload store, by category");
        _bytes = meter.CreateCounter<long>("dex_server_sweep_removed_bytes_total", description: "Number of bytes removed from the upload store, by category");
        foreach (var result in (string[])["completed", "failed"])
            _sweeps.Add(0, new KeyValuePair<string, object?>("result", result));
        foreach (var category in Enum.GetValues<SweepCategory>().Except([SweepCategory.Unreadable]))
            Removed(category, count: 0, bytes: 0);
    }

    public void Swept(bool completely) => _sweeps.Add(1, new KeyValuePair<string, object?>("result", completely ? "completed" : "failed"));

    public void Removed(SweepFinding finding) => Removed(finding.Category, 1, finding.Bytes);

    private void Removed(SweepCategory category, long count, long bytes)
    {
        var label = new KeyValuePair<string, object?>("category", SweepReport.NameOf(category));
        _removed.Add(count, label);
        _bytes.Add(bytes, label);
    }
}
