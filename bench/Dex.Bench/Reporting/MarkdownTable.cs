using System.Text;

namespace Dex.Bench.Reporting;

/// <summary>A table that reads well in a terminal and in a README.</summary>
internal sealed class MarkdownTable(params IReadOnlyList<string> titles)
{
    private readonly List<IReadOnlyList<string>> _rows = [];

    public void Add(params IReadOnlyList<string> cells) => _rows.Add(cells);

    public override string ToString()
    {
        var widths = titles.Select((title, column) => _rows.Select(row => row[column].Length).Append(title.Length).Max()).ToArray();
        var text = new StringBuilder();
        AddLine(text, titles, widths);
        text.Append('|').AppendJoin('|', widths.Select((width, column) => column == 0 ? new string('-', width + 2) : new string('-', width + 1) + ":")).Append("|\n");
        _rows.ForEach(row => AddLine(text, row, widths));
        return text.ToString();
    }

    private static void AddLine(StringBuilder text, IReadOnlyList<string> cells, int[] widths) =>
        text.Append("| ").AppendJoin(" | ", cells.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).Append(" |\n");
}
