using System.Diagnostics.Metrics;
using Dex.UploadServer.Telemetry;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Uploads;

/// <summary><c>upload_manifest_count</c>: completed uploads by chosen manifest keys (spec: metrics-logs-traces.md 2.1, 6.6).</summary>
internal sealed class ManifestCounter
{
    private readonly Counter<long> _completed;
    private readonly IReadOnlyList<string> _labels;
    private readonly LabelGuard _guard = new();

    public ManifestCounter(IMeterFactory meters, IOptions<UploadsOptions> options)
    {
        _labels = options.Value.ManifestLabels;
        _completed = meters.Create("Dex.Uploads").CreateCounter<long>(
            "upload_manifest_count", description: "The count of uploads by certain keys in the manifiest");
    }

    /// <summary>Counts one completed upload; a missing key is an empty label.</summary>
    public void Count(IReadOnlyDictionary<string, string> manifest)
    {
        var values = _labels.Select(label => manifest.GetValueOrDefault(label, "")).ToArray();
        _guard.Bound(values);
        var tags = default(System.Diagnostics.TagList);
        for (var i = 0; i < values.Length; i++)
            tags.Add(_labels[i], values[i]);
        _completed.Add(1, tags);
    }
}
