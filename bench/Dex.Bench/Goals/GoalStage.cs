using Dex.Bench.Comparing;

namespace Dex.Bench.Goals;

/// <summary>A comparison from which some goals are read.</summary>
/// <param name="Scenario">Its name.</param>
/// <param name="OnDisk">Whether it runs on the disk although its files are small: flushes cost nothing in memory.</param>
/// <param name="Read">The goals' checks, from the result.</param>
internal sealed record GoalStage(IReadOnlyList<int> Goals, string Scenario, IReadOnlyList<string> Servers, bool OnDisk, Func<ComparisonResult, IReadOnlyList<GoalCheck>> Read)
{
    /// <summary>Rounds that count, where fewer than usual will do because a round takes long and says much.</summary>
    public int MostRounds { get; init; } = int.MaxValue;
}
