using Dex.Bench.Comparing;
using Dex.Bench.Measuring;

namespace Dex.Bench.Reporting;

/// <summary>A comparison in Markdown: medians of every server, then the first one against each other.</summary>
internal static class ComparisonReport
{
    public static string Write(ComparisonResult result)
    {
        var figures = result.Figures.ToList();
        var table = new MarkdownTable(["", .. figures.Select(figure => figure.Title())]);
        foreach (var server in result.Servers)
            table.Add([server, .. figures.Select(figure => figure.Show(result.Of(server, figure)))]);
        var first = result.Servers[0];
        foreach (var other in result.Servers.Skip(1))
            table.Add([$"{first} / {other}", .. figures.Select(figure => ShowRatio(result, first, other, figure))]);
        return $"**{result.Scenario.Name}**: {result.Scenario.Description}; medians of {result.Rounds.Count} rounds\n\n{table}";
    }

    private static string ShowRatio(ComparisonResult result, string first, string other, Figure figure) =>
        figure == Figure.GeneratorProcessorShare ? "" : $"{result.Ratio(first, other, figure):F2}×";
}
