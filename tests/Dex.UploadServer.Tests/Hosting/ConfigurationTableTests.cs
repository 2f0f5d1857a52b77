using System.Text.RegularExpressions;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Dex.UploadServer.Tests.Hosting;

/// <summary>Holds docs/configuration.md to what the code reads.</summary>
public sealed partial class ConfigurationTableTests
{
    private static readonly string[] OtherHeadings = ["Not supported yet", "Without effect"];

    [Fact]
    public async Task Every_variable_the_code_asks_for_is_in_the_table()
    {
        var asked = await AskedAsync();

        var missing = asked.Except(Documented().Select(row => row.Variable));

        Assert.Empty(missing);
    }

    [Fact]
    public async Task Every_variable_in_the_table_is_asked_for()
    {
        var asked = await AskedAsync();

        // A room's variables count once the room has its front door.
        var neverRead = Documented()
            .Where(row => !OtherHeadings.Contains(row.Heading))
            .Where(row => typeof(EnvironmentReader).Assembly.GetType($"Dex.UploadServer.{row.Heading}.{row.Heading}Extensions") is not null)
            .Select(row => row.Variable).Except(asked);

        Assert.Empty(neverRead);
    }

    [Fact]
    public void No_variable_is_in_the_table_twice() =>
        Assert.Empty(Documented().GroupBy(row => row.Variable).Where(rows => rows.Count() > 1).Select(rows => rows.Key));

    private static async Task<IReadOnlyCollection<string>> AskedAsync()
    {
        await using var app = Program.Build([], Variables.Of());
        foreach (var validation in app.Services.GetServices<IStartupValidation>())
        {
            try
            {
                _ = validation.FindProblems().ToList();
            }
            catch (StartupFailureException)
            {
                // Missing files are not the matter here.
            }
        }

        return app.Services.GetRequiredService<EnvironmentReader>().Asked;
    }

    private static IEnumerable<(string Heading, string Variable)> Documented()
    {
        var heading = "";
        foreach (var line in File.ReadLines(PathOfTable()))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
                heading = line[3..];
            if (line.StartsWith("| `", StringComparison.Ordinal))
            {
                foreach (Match name in VariableName().Matches(line.Split('|')[1]))
                    yield return (heading, name.Groups[1].Value);
            }
        }
    }

    private static string PathOfTable()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Dex.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not lie in the repository.");
        return Path.Combine(folder, "docs", "configuration.md");
    }

    [GeneratedRegex("`([A-Z][A-Z0-9_]+)`")]
    private static partial Regex VariableName();
}
