using System.Text.RegularExpressions;
using Dex.Testing;

namespace Dex.UploadServer.Tests.House;

/// <summary>Holds docs/protocol.md and the tests to one another: every rule has a test that names it, and the map says which.</summary>
public sealed partial class ProtocolMapTests
{
    private const string NotYet = "not in this version";

    private static readonly IReadOnlyDictionary<string, SortedSet<string>> Named = FindNamed();

    public static TheoryData<string, string> Rows => [.. ReadRows()];

    [Theory, MemberData(nameof(Rows))]
    public void A_rule_is_named_by_the_tests_that_the_map_says(string rule, string tests)
    {
        var named = Named.GetValueOrDefault(rule, []);

        Assert.Equal(tests == NotYet ? "" : tests, string.Join(", ", named.Select(test => $"`{test}`")));
        Assert.Equal(tests == NotYet, named.Count == 0);
    }

    [Fact]
    public void No_test_names_a_rule_that_is_not_in_the_map() =>
        Assert.Empty(Named.Keys.Except(ReadRows().Select(row => row.Item1)));

    [Fact]
    public void Each_kind_of_rule_is_numbered_without_a_gap()
    {
        var kinds = ReadRows().Select(row => RuleNumber().Match(row.Item1)).GroupBy(rule => rule.Groups["kind"].Value, rule => int.Parse(rule.Groups["number"].Value, System.Globalization.CultureInfo.InvariantCulture)).ToArray();

        Assert.NotEmpty(kinds);
        Assert.All(kinds, numbers => Assert.Equal(Enumerable.Range(1, numbers.Count()), numbers));
    }

    private static IEnumerable<(string, string)> ReadRows() =>
        File.ReadLines(Path.Combine(SourceTree.Root, "docs", "protocol.md"))
            .Select(line => Row().Match(line))
            .Where(row => row.Success)
            .Select(row => (row.Groups["rule"].Value, row.Groups["tests"].Value));

    private static Dictionary<string, SortedSet<string>> FindNamed()
    {
        var named = new Dictionary<string, SortedSet<string>>();
        var files = Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
        foreach (var file in files)
        {
            foreach (var rule in File.ReadLines(file).SelectMany(line => Attribute().Matches(line)).SelectMany(attribute => attribute.Groups["rule"].Captures))
            {
                if (!named.TryGetValue(rule.Value, out var tests))
                    named.Add(rule.Value, tests = new SortedSet<string>(StringComparer.Ordinal));
                tests.Add(Path.GetFileNameWithoutExtension(file));
            }
        }

        return named;
    }

    [GeneratedRegex(@"^\| (?<rule>[A-Z]+\d+) \|.*\| (?<tests>[^|]*) \|$")]
    private static partial Regex Row();

    [GeneratedRegex(@"^\s*\[Rule\((?:""(?<rule>\w+)""(?:, )?)+\)\]$")]
    private static partial Regex Attribute();

    [GeneratedRegex(@"^(?<kind>S3|[A-Z]+)(?<number>\d+)$")]
    private static partial Regex RuleNumber();
}
