using System.Globalization;

namespace Dex.Bench;

/// <summary>The command line: a command, its words, then <c>--name value</c> pairs and flags.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string?> _options = new(StringComparer.Ordinal);

    /// <param name="flags">Options without a value.</param>
    /// <exception cref="ArgumentException">An option lacks its value.</exception>
    public Arguments(IReadOnlyList<string> arguments, params IReadOnlyCollection<string> flags)
    {
        List<string> words = [];
        for (var at = 0; at < arguments.Count; at++)
        {
            if (!arguments[at].StartsWith("--", StringComparison.Ordinal))
                words.Add(arguments[at]);
            else if (flags.Contains(arguments[at][2..]))
                _options[arguments[at][2..]] = null;
            else if (at + 1 < arguments.Count)
                _options[arguments[at][2..]] = arguments[++at];
            else
                throw new ArgumentException($"{arguments[at]} needs a value.");
        }

        Words = words;
    }

    public IReadOnlyList<string> Words { get; }

    public bool Has(string flag) => _options.ContainsKey(flag);

    public string? Text(string name) => _options.GetValueOrDefault(name);

    public string Required(string name) => Text(name) ?? throw new ArgumentException($"--{name} is missing.");

    public int? Integer(string name) =>
        Text(name) is not { } text ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new ArgumentException($"--{name} is {text}; it must be a number.");

    /// <exception cref="ArgumentException">An option was given that is none of these.</exception>
    public void Allow(params IReadOnlyCollection<string> names)
    {
        if (_options.Keys.Except(names).FirstOrDefault() is { } unknown)
            throw new ArgumentException($"--{unknown} is not an option here. There are: {string.Join(", ", names.Select(name => "--" + name))}.");
    }
}
