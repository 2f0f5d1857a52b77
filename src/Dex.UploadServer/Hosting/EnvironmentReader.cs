using System.Globalization;

namespace Dex.UploadServer.Hosting;

/// <summary>Reads typed settings from environment variables. The one place that knows how operators spell values (spec: config.md 1.3).</summary>
/// <remarks>
/// A variable that is empty after trimming counts as unset. A value that cannot be read is remembered as a problem and
/// the default is returned, so that all complaints can be shown at once.
/// </remarks>
internal sealed class EnvironmentReader(IReadOnlyDictionary<string, string> variables)
{
    private const int MostDays = 1_000_000;

    private readonly SortedSet<string> _asked = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];
    private readonly List<string> _warnings = [];

    /// <summary>Every variable name asked for so far; a test holds docs/configuration.md to it.</summary>
    public IReadOnlyCollection<string> Asked => _asked;

    /// <summary>What could not be read, each naming the variable.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>What is better mended but stops nothing, each naming the variable.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Whether the variable is present and, after trimming, not empty.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>Whether the variable is present at all, even if empty.</summary>
    public bool IsPresent(string name)
    {
        _asked.Add(name);
        return variables.ContainsKey(name);
    }

    /// <summary>Text as it is, or the default.</summary>
    public string Text(string name, string fallback) => Find(name) ?? fallback;

    /// <summary>Text as it is, or null.</summary>
    public string? OptionalText(string name) => Find(name);

    /// <summary>The variable that an operator's file names, as <c>$NAME</c> in a delivery file; not one of the server's own, so not counted as asked for.</summary>
    public string? Substitution(string name) => variables.GetValueOrDefault(name);

    /// <summary>One of a few words, in any case.</summary>
    public T Choice<T>(string name, T fallback, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        if (Find(name) is not { } text)
            return fallback;
        var words = new List<string>(choices.Length);
        foreach (var (word, value) in choices)
        {
            if (word.Equals(text.Trim(), StringComparison.OrdinalIgnoreCase))
                return value;
            words.Add(word);
        }

        Refuse(name, text, $"it must be {string.Join(" or ", words)}");
        return fallback;
    }

    /// <summary>A port in decimal digits, 0 to 65535.</summary>
    public int Port(string name, int fallback)
    {
        if (Find(name) is not { } text)
            return fallback;
        if (ushort.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return port;
        Refuse(name, text, "it must be a port number from 0 to 65535");
        return fallback;
    }

    /// <summary>A whole number in decimal, 0x, 0o, 0 or 0b notation, with underscores between digits.</summary>
    public int Integer(string name, int fallback) => (int)Number(name, fallback, int.MinValue, int.MaxValue);

    /// <summary>As <see cref="Integer"/>, in 64 bits.</summary>
    public long LongInteger(string name, long fallback) => Number(name, fallback, long.MinValue, long.MaxValue);

    /// <summary>A length of time given as a number of seconds.</summary>
    public TimeSpan Seconds(string name, TimeSpan fallback) =>
        Has(name) ? TimeSpan.FromSeconds(Number(name, (long)fallback.TotalSeconds, -1, int.MaxValue)) : fallback;

    /// <summary>A length of time given as a number of milliseconds.</summary>
    public TimeSpan Milliseconds(string name, TimeSpan fallback) =>
        Has(name) ? TimeSpan.FromMilliseconds(Number(name, (long)fallback.TotalMilliseconds, -1, int.MaxValue)) : fallback;

    /// <summary>A length of time given as a number of days.</summary>
    public TimeSpan Days(string name, TimeSpan fallback) =>
        Has(name) ? TimeSpan.FromDays(Number(name, (long)fallback.TotalDays, -1, MostDays)) : fallback;

    /// <summary>1 t T true True TRUE, 0 f F false False FALSE.</summary>
    public bool Boolean(string name, bool fallback)
    {
        switch (Find(name))
        {
            case null:
                return fallback;
            case "1" or "t" or "T" or "true" or "True" or "TRUE":
                return true;
            case "0" or "f" or "F" or "false" or "False" or "FALSE":
                return false;
            case { } other:
                Refuse(name, other, "it must be true or false");
                return fallback;
        }
    }

    /// <summary>Items separated by commas, each trimmed, empty ones left out.</summary>
    public IReadOnlyList<string> List(string name, IReadOnlyList<string> fallback) =>
        Find(name)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? fallback;

    /// <summary>Adds a complaint found by a caller; it must name the variable and never show a secret.</summary>
    public void Complain(string problem)
    {
        if (!_problems.Contains(problem)) // a variable that two rooms read is wrong only once
            _problems.Add(problem);
    }

    /// <summary>As <see cref="Complain"/>, of something that must not stop the start.</summary>
    public void Warn(string warning)
    {
        if (!_warnings.Contains(warning))
            _warnings.Add(warning);
    }

    // A value that could not be read is shown, since it says what to mend, but not at any length.
    private void Refuse(string name, string value, string rule) =>
        Complain($"{name} is \"{(value.Length > 64 ? string.Concat(value.AsSpan(0, 64), "…") : value)}\"; {rule}.");

    private string? Find(string name)
    {
        _asked.Add(name);
        return variables.TryGetValue(name, out var value) && !string.IsNullOrWhiteSpace(value) ? value : null;
    }

    private long Number(string name, long fallback, long least, long most)
    {
        if (Find(name) is not { } text)
            return fallback;
        if (TryParse(text, out var number) && number >= least && number <= most)
            return number;
        Refuse(name, text, $"it must be a whole number from {least} to {most}");
        return fallback;
    }

    private static bool TryParse(string text, out long number)
    {
        number = 0;
        var digits = text.Trim();
        var negative = digits.StartsWith('-');
        if (negative || digits.StartsWith('+'))
            digits = digits[1..];
        var radix = 10;
        var prefixed = true;
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            (radix, digits) = (16, digits[2..]);
        else if (digits.StartsWith("0b", StringComparison.OrdinalIgnoreCase))
            (radix, digits) = (2, digits[2..]);
        else if (digits.StartsWith("0o", StringComparison.OrdinalIgnoreCase))
            (radix, digits) = (8, digits[2..]);
        else if (digits.Length > 1 && digits[0] == '0')
            (radix, digits) = (8, digits[1..]);
        else
            prefixed = false;
        if (digits.Length == 0 || (digits.StartsWith('_') && !prefixed) || digits.EndsWith('_') || digits.Contains("__", StringComparison.Ordinal))
            return false;

        try
        {
            foreach (var character in digits)
            {
                if (character == '_')
                    continue;
                if (!int.TryParse(character.ToString(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var digit) || digit >= radix)
                    return false;
                number = checked((number * radix) + digit);
            }
        }
        catch (OverflowException)
        {
            return false;
        }

        number = negative ? -number : number;
        return true;
    }
}
