using System.Text;

namespace Dex.Bench.Reporting;

/// <summary>The report goes to stdout, and to a file if one is named; progress goes to stderr.</summary>
internal sealed class Output(string? file)
{
    private readonly StringBuilder _all = new();

    public void Report(string text)
    {
        Console.WriteLine(text);
        _all.AppendLine(text);
        if (file is not null)
            File.WriteAllText(file, _all.ToString());
    }

    public static void Tell(string text) => Console.Error.WriteLine(text);
}
