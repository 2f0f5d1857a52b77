using Dex.Bench.Measuring;
using Dex.Bench.Scenarios;

namespace Dex.Bench.Comparing;

/// <summary>What was measured of some servers in the same rounds.</summary>
/// <param name="Rounds">Per round, a measurement per server.</param>
internal sealed record ComparisonResult(Scenario Scenario, IReadOnlyList<string> Servers, IReadOnlyList<IReadOnlyList<Measurement>> Rounds)
{
    /// <summary>The figures that this scenario has of every server.</summary>
    public IEnumerable<Figure> Figures => Rounds[0][0].Figures.Keys;

    public double Of(string server, Figure figure) => Median(Rounds.Select(round => Value(round, server, figure)));

    /// <summary>How many times the other's figure this one's is: the median of the rounds' own ratios.</summary>
    public double Ratio(string server, string other, Figure figure) =>
        Median(Rounds.Select(round => Value(round, server, figure) / Value(round, other, figure)));

    /// <summary>How much more than the other's figure this one's is: the median of the rounds' own differences.</summary>
    public double Difference(string server, string other, Figure figure) =>
        Median(Rounds.Select(round => Value(round, server, figure) - Value(round, other, figure)));

    private double Value(IReadOnlyList<Measurement> round, string server, Figure figure) =>
        round[Servers.ToList().IndexOf(server)].Figures[figure];

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
