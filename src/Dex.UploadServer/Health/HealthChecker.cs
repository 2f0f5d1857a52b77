namespace Dex.UploadServer.Health;

/// <summary>Asks all dependencies at once, and answers for those that do not (spec: http-api.md 6, 12.6).</summary>
internal sealed class HealthChecker(IEnumerable<IHealthProbe> probes, IEnumerable<IHealthProbeSource> sources, TimeProvider clock)
{
    // The whole answer must be out within 5 seconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4.5);

    private readonly Lazy<ProbeRunner[]> _runners = new(() =>
        [.. probes.Concat(sources.SelectMany(source => source.Probes)).OrderBy(probe => probe.Order).Select(probe => new ProbeRunner(probe, clock))]);

    public Task<ServiceHealth[]> CheckAsync() =>
        Task.WhenAll(_runners.Value.Select(runner => runner.CheckAsync(Patience)));
}
