using System.Text;

namespace Dex.UploadServer.Hosting;

/// <summary>Reads the text of a dotenv file as godotenv does (spec: config.md 1.2).</summary>
/// <remarks>
/// Written here because the library for this, dotenv.net (4.2.0 tried), keeps <c>export</c> in the name, knows no escapes in
/// double quotes and expands no <c>$NAME</c>. It should replace this class once it does; the tests say what it must then pass.
/// </remarks>
internal sealed class DotenvParser
{
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);
    private readonly string _text;
    private int _at;

    private DotenvParser(string text) => _text = text;

    /// <exception cref="FormatException">The text is malformed. The message has line numbers and names, never values: they may be secrets.</exception>
    public static IReadOnlyDictionary<string, string> Parse(string text)
    {
        var parser = new DotenvParser(text.TrimStart('\uFEFF').Replace("\r\n", "\n", StringComparison.Ordinal));
        while (parser.SkipToStatement())
        {
            var key = parser.ReadKey();
            var value = parser.ReadValue(key);
            if (key.Length > 0) // "=value" names nothing
                parser._variables[key] = value;
        }

        return parser._variables;
    }

    private bool SkipToStatement()
    {
        while (_at < _text.Length)
        {
            if (_text[_at] == '#')
                _at = EndOfLine('\n');
            else if (!char.IsWhiteSpace(_text[_at]))
                return true;
            else
                _at++;
        }

        return false;
    }

    private string ReadKey()
    {
        if (_text.AsSpan(_at).StartsWith("export") && _at + 6 < _text.Length && IsBlank(_text[_at + 6]))
        {
            _at += 6;
            SkipBlanks();
        }

        var start = _at;
        for (; _at < _text.Length; _at++)
        {
            var character = _text[_at];
            if (character is '=' or ':')
            {
                var key = _text[start.._at++].TrimEnd();
                SkipBlanks();
                return key;
            }

            if (!IsBlank(character) && !char.IsAsciiLetterOrDigit(character) && character is not ('_' or '.'))
                throw new FormatException($"unexpected character {Show(character)} in variable name near line {Line(_at)}");
        }

        return ""; // a last word without a value names nothing
    }

    private string ReadValue(string key)
    {
        var value = _at < _text.Length && _text[_at] is '"' or '\'' ? ReadQuoted(key, _text[_at]) : ReadUnquoted();
        return value.Contains('\0', StringComparison.Ordinal)
            ? throw new FormatException($"unexpected character \"\\x00\" in the value of {key}")
            : value;
    }

    private string ReadUnquoted()
    {
        var end = EndOfLine('\n', '\r');
        var line = _text.AsSpan(_at, end - _at);
        var atLineStart = _at > 0 && IsBlank(_text[_at - 1]); // in "KEY= # comment" the blank lies before the value
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '#' && (i > 0 ? IsBlank(line[i - 1]) : atLineStart))
            {
                line = line[..i];
                break;
            }
        }

        _at = end;
        return Expand(line.Trim().ToString());
    }

    private string ReadQuoted(string key, char quote)
    {
        var start = _at;
        for (_at++; _at < _text.Length; _at++)
        {
            if (_text[_at] != quote || _text[_at - 1] == '\\')
                continue;
            var inner = _text[(start + 1).._at++];
            return quote == '"' ? Expand(Unescape(inner)) : inner;
        }

        throw new FormatException($"unterminated quoted value of {key} near line {Line(start)}");
    }

    private static string Unescape(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }

            // The backslash before a dollar sign is still needed when names are expanded.
            _ = text[++i] switch
            {
                'n' => result.Append('\n'),
                'r' => result.Append('\r'),
                '$' => result.Append("\\$"),
                var other => result.Append(other),
            };
        }

        return result.ToString();
    }

    private string Expand(string text)
    {
        if (!text.Contains('$', StringComparison.Ordinal))
            return text;
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length && text[i + 1] == '$')
            {
                result.Append(text[++i]);
                continue;
            }

            var name = text[i] == '$' ? NameAfterDollar(text.AsSpan(i + 1), out var length) : NoName(out length);
            if (name.IsEmpty)
                result.Append(text[i]);
            else
                result.Append(_variables.GetValueOrDefault(name.ToString()));
            i += length;
        }

        return result.ToString();
    }

    private static ReadOnlySpan<char> NameAfterDollar(ReadOnlySpan<char> text, out int length)
    {
        var braced = text.StartsWith('{');
        var rest = braced ? text[1..] : text;
        var end = rest.IndexOfAnyExcept(NameCharacters);
        var name = end < 0 ? rest : rest[..end];
        if (name.IsEmpty || (braced && !rest[name.Length..].StartsWith('}')))
            return NoName(out length);
        length = name.Length + (braced ? 2 : 0);
        return name;
    }

    private static ReadOnlySpan<char> NoName(out int length)
    {
        length = 0;
        return [];
    }

    private int EndOfLine(params ReadOnlySpan<char> ends)
    {
        var end = _text.AsSpan(_at).IndexOfAny(ends);
        return end < 0 ? _text.Length : _at + end;
    }

    private void SkipBlanks()
    {
        while (_at < _text.Length && IsBlank(_text[_at]))
            _at++;
    }

    private int Line(int position) => _text.AsSpan(0, position).Count('\n') + 1;

    private static string Show(char character) =>
        char.IsControl(character) ? $"\"\\x{(int)character:x2}\"" : $"\"{character}\"";

    private static bool IsBlank(char character) => character is ' ' or '\t' or '\v' or '\f' or '\r' or '\u0085' or '\u00A0';

    private static readonly System.Buffers.SearchValues<char> NameCharacters =
        System.Buffers.SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
}
