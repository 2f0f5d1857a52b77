using System.Buffers;
using Microsoft.Extensions.Primitives;

namespace Dex.Tus.Wire;

/// <summary>A structured field that is a Dictionary (RFC 9651, 4.2.2). Parameters are read over.</summary>
internal ref struct StructuredDictionary
{
    private const int MostDigits = 15;

    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-.*");
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~:/");
    private static readonly SearchValues<char> Base64Characters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=");

    private readonly ReadOnlySpan<char> _text;
    private int _at;

    private StructuredDictionary(ReadOnlySpan<char> text) => _text = text;

    /// <summary>Each key with its value as it stands in the field, <c>?1</c> for a key alone; of equal keys the last counts.</summary>
    /// <param name="header">Several lines are one field.</param>
    /// <returns>Null if this is no dictionary.</returns>
    public static Dictionary<string, string>? Read(StringValues header)
    {
        var members = new Dictionary<string, string>(StringComparer.Ordinal);
        var reader = new StructuredDictionary(header.ToString().AsSpan().Trim(' '));
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadMember(out var key, out var value))
                return null;
            members[key] = value;
            reader.Skip(' ', '\t');
            if (reader.IsAtEnd)
                break;
            if (!reader.TryTake(','))
                return null;
            reader.Skip(' ', '\t');
            if (reader.IsAtEnd)
                return null;
        }

        return members;
    }

    /// <summary>The bytes of a Byte Sequence, padded or not; null if the value is anything else.</summary>
    public static byte[]? ReadBytes(string value)
    {
        if (value is not [':', .., ':'] || value.Length < 2)
            return null;
        var encoded = value[1..^1];
        var bytes = new byte[((encoded.Length / 4) + 1) * 3];
        return Convert.TryFromBase64String(encoded.PadRight((encoded.Length + 3) / 4 * 4, '='), bytes, out var written) ? bytes[..written] : null;
    }

    private readonly bool IsAtEnd => _at == _text.Length;

    private bool TryReadMember(out string key, out string value)
    {
        value = "?1";
        if (!TryReadKey(out key))
            return false;
        if (!TryTake('='))
            return TryReadParameters();
        var start = _at;
        if (!(TryTake('(') ? TryReadInnerList() : TryReadItem()))
            return false;
        value = _text[start.._at].ToString();
        return TryReadParameters();
    }

    private bool TryReadKey(out string key)
    {
        key = "";
        if (IsAtEnd || !(char.IsAsciiLetterLower(_text[_at]) || _text[_at] == '*'))
            return false;
        key = TakeWhile(KeyCharacters).ToString();
        return true;
    }

    private bool TryReadParameters()
    {
        while (TryTake(';'))
        {
            Skip(' ', ' ');
            if (!TryReadKey(out _) || (TryTake('=') && !TryReadItem()))
                return false;
        }

        return true;
    }

    private bool TryReadInnerList()
    {
        while (true)
        {
            Skip(' ', ' ');
            if (TryTake(')'))
                return true;
            if (!TryReadItem() || !TryReadParameters() || IsAtEnd || _text[_at] is not (' ' or ')'))
                return false;
        }
    }

    private bool TryReadItem()
    {
        if (IsAtEnd)
            return false;
        switch (_text[_at])
        {
            case '"':
                return TryReadText();
            case ':':
                _at++;
                TakeWhile(Base64Characters);
                return TryTake(':');
            case '?':
                _at++;
                return TryTake('0') || TryTake('1');
            case '@':
                _at++;
                return TryReadNumber();
            case '%':
                _at++;
                return TryReadText();
            case '-' or (>= '0' and <= '9'):
                return TryReadNumber();
            case var first when char.IsAsciiLetter(first) || first == '*':
                TakeWhile(TokenCharacters);
                return true;
            default:
                return false;
        }
    }

    private bool TryReadNumber()
    {
        TryTake('-');
        var digits = TakeDigits();
        if (!TryTake('.'))
            return digits is > 0 and <= MostDigits;
        return digits is > 0 and <= MostDigits - 3 && TakeDigits() is > 0 and <= 3;
    }

    private bool TryReadText()
    {
        if (!TryTake('"'))
            return false;
        while (!IsAtEnd)
        {
            var next = _text[_at++];
            if (next == '"')
                return true;
            if (next is < ' ' or > '~' || (next == '\\' && !TryTake('"') && !TryTake('\\')))
                return false;
        }

        return false;
    }

    private int TakeDigits()
    {
        var start = _at;
        while (!IsAtEnd && char.IsAsciiDigit(_text[_at]))
            _at++;
        return _at - start;
    }

    private ReadOnlySpan<char> TakeWhile(SearchValues<char> characters)
    {
        var length = _text[_at..].IndexOfAnyExcept(characters);
        var taken = length < 0 ? _text[_at..] : _text.Slice(_at, length);
        _at += taken.Length;
        return taken;
    }

    private bool TryTake(char character)
    {
        if (IsAtEnd || _text[_at] != character)
            return false;
        _at++;
        return true;
    }

    private void Skip(char one, char other)
    {
        while (!IsAtEnd && (_text[_at] == one || _text[_at] == other))
            _at++;
    }
}
