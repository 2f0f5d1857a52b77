using System.Globalization;
using System.Text.RegularExpressions;

namespace Dex.UploadServer.Tests.Telemetry;

/// <summary>The text of <c>/metrics</c>, read as strictly as a scraper and its linter do.</summary>
internal sealed partial class Exposition
{
    private readonly Dictionary<string, double> _samples = [];

    /// <summary>Values by series, as spelled in the text.</summary>
    public IReadOnlyDictionary<string, double> Samples => _samples;

    /// <summary>Type by family.</summary>
    public Dictionary<string, string> Types { get; } = [];

    /// <summary>Help by family.</summary>
    public Dictionary<string, string> Helps { get; } = [];

    public double this[string series] => _samples[series];

    /// <summary>Families in the order of the text.</summary>
    public List<string> Families { get; } = [];

    public static Exposition Parse(string text)
    {
        var exposition = new Exposition();
        Assert.EndsWith("\n", text);
        foreach (var line in text[..^1].Split('\n'))
            exposition.Read(line);
        Assert.Equal(exposition.Families.Order(StringComparer.Ordinal), exposition.Families);
        Assert.All(exposition.Families, family => Assert.NotEmpty(exposition.Helps[family]));
        return exposition;
    }

    private void Read(string line)
    {
        if (line.StartsWith("# HELP ", StringComparison.Ordinal))
        {
            var parts = line.Split(' ', 4);
            Families.Add(parts[2]);
            Assert.True(Helps.TryAdd(parts[2], parts[3]), $"help twice: {line}");
        }
        else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
        {
            var parts = line.Split(' ');
            Assert.Equal(Families[^1], parts[2]);
            Assert.Contains(parts[3], (string[])["counter", "gauge", "histogram"]);
            Assert.True(Types.TryAdd(parts[2], parts[3]), $"type twice: {line}");
        }
        else
        {
            var sample = Sample().Match(line);
            Assert.True(sample.Success, $"not a sample: {line}");
            Assert.Equal(Families[^1], FamilyOf(sample.Groups["series"].Value));
            var value = sample.Groups["value"].Value switch
            {
                "+Inf" => double.PositiveInfinity,
                var number => double.Parse(number, CultureInfo.InvariantCulture),
            };
            Assert.True(_samples.TryAdd(sample.Groups["series"].Value, value), $"series twice: {line}");
        }
    }

    private string FamilyOf(string series)
    {
        var name = series.Split('{')[0];
        if (Types.ContainsKey(name))
            return name;
        var family = name[..name.LastIndexOf('_')];
        Assert.Equal("histogram", Types[family]);
        Assert.Contains(name[family.Length..], (string[])["_bucket", "_sum", "_count"]);
        return family;
    }

    [GeneratedRegex("""^(?<series>[a-zA-Z_][a-zA-Z0-9_]*(\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\"n])*"(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\"n])*")*\})?) (?<value>[^ ]+)$""")]
    private static partial Regex Sample();
}
