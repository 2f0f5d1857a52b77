using Dex.UploadServer.Delivery;
using Dex.UploadServer.Health;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Whether the targets that are containers can be reached (spec: http-api.md 6).</summary>
internal sealed class AzureTargetProbes(DeliveryTargets targets) : IHealthProbeSource
{
    public IEnumerable<IHealthProbe> Probes => targets.All.Select(target => target.Destination).OfType<AzureDestination>().Select(container => new Probe(container));

    private sealed class Probe(AzureDestination destination) : IHealthProbe
    {
        public string Service => $"Azure deliver target {destination.Name}";

        public string HealthyIssue => HealthyIssues.Empty;

        public int Order => HealthOrder.DeliveryTarget;

        public async ValueTask<string?> CheckAsync(CancellationToken cancellationToken)
        {
            await destination.CheckAsync(cancellationToken);
            return null;
        }
    }
}
