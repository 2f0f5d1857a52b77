using Dex.UploadServer.Delivery;
using Dex.UploadServer.Health;

namespace Dex.UploadServer.Storage.S3;

/// <summary>Whether the targets that are buckets can be reached (spec: http-api.md 6).</summary>
internal sealed class S3TargetProbes(DeliveryTargets targets) : IHealthProbeSource
{
    public IEnumerable<IHealthProbe> Probes => targets.All.Select(target => target.Destination).OfType<S3Destination>().Select(bucket => new Probe(bucket));

    private sealed class Probe(S3Destination destination) : IHealthProbe
    {
        public string Service => $"S3 deliver target {destination.Name}";

        public string HealthyIssue => HealthyIssues.Empty;

        public int Order => HealthOrder.DeliveryTarget;

        public async ValueTask<string?> CheckAsync(CancellationToken cancellationToken)
        {
            await destination.CheckAsync(cancellationToken);
            return null;
        }
    }
}
