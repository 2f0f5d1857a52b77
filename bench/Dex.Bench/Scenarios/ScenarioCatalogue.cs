using System.Collections.Immutable;

namespace Dex.Bench.Scenarios;

/// <summary>Every load there is.</summary>
internal static class ScenarioCatalogue
{
    private const long Mebibyte = 1 << 20;
    private const int SmallBytes = 1024;

    public static ImmutableArray<Scenario> All { get; } =
    [
        new BulkScenario("large", 1, 256 * Mebibyte, 256 * Mebibyte, "256 MiB in one PATCH"),
        new BulkScenario("parallel-8", 8, 32 * Mebibyte, 32 * Mebibyte, "8 × 32 MiB at once"),
        new BulkScenario("parallel-64", 64, 4 * Mebibyte, 4 * Mebibyte, "64 × 4 MiB at once"),
        new BulkScenario("chunked-5m", 1, 256 * Mebibyte, 5 * Mebibyte, "256 MiB in PATCHes of 5 MiB"),
        new BulkScenario("chunked-1m", 1, 256 * Mebibyte, Mebibyte, "256 MiB in PATCHes of 1 MiB"),
        new SmallScenario("small", job => new CreateAndAppend(job.Payload.Small[..SmallBytes]), "POST and PATCH of 1 KiB"),
        new SmallScenario("small-creation-with-upload", job => new CreateWithContent(job.Payload.Small[..SmallBytes]), "POST with 1 KiB"),
        new SmallScenario("head", _ => new AskForOffset(SmallBytes), "HEAD of an own upload per connection"),
        new HeldConnections("idle", trickles: false, "memory of a connection that rests after a request"),
        new HeldConnections("trickle", trickles: true, "memory of a PATCH that sends 256 B a second"),
        new GrowthScenario(),
        new CrowdedScenario(new BulkScenario("", 1, 256 * Mebibyte, 256 * Mebibyte, "256 MiB in one PATCH")),
    ];

    public static Scenario Find(string name) =>
        All.FirstOrDefault(scenario => scenario.Name == name)
        ?? throw new ArgumentException($"There is no scenario {name}. There are: {string.Join(", ", All.Select(scenario => scenario.Name))}.");
}
