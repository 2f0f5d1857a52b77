using System.Globalization;
using Dex.Bench.Goals;

namespace Dex.Bench.Reporting;

/// <summary>The goals in Markdown.</summary>
internal static class GoalsReport
{
    public static string Write(IEnumerable<GoalCheck> checks)
    {
        var table = new MarkdownTable("goal", "figure", "measured", "bound", "met");
        foreach (var check in checks.OrderBy(check => check.Goal))
            table.Add(check.Goal.ToString(CultureInfo.InvariantCulture), check.Text, check.Bound.Show(check.Measured), check.Bound.ToString(), check.IsMet ? "yes" : "NO");
        return table.ToString();
    }
}
