using System.Text;

namespace Dex.UploadServer.Hosting;

/// <summary>Puts values of variables into the text of a configuration file, before it is parsed (spec: manifests.md 4).</summary>
internal static class EnvironmentExpansion
{
    /// <param name="text">May hold <c>$NAME</c> and <c>${ANYTHING}</c>.</param>
    /// <param name="valueOf">A variable's value as it is, or null if unset: then nothing is put in its place.</param>
    public static string Expand(string text, Func<string, string?> valueOf)
    {
        var dollar = text.IndexOf('$', StringComparison.Ordinal);
        if (dollar < 0)
            return text;

        var expanded = new StringBuilder(text.Length);
        var rest = text.AsSpan();
        while (dollar >= 0 && dollar + 1 < rest.Length)
        {
            expanded.Append(rest[..dollar]);
            rest = rest[(dollar + 1)..];
            var length = ReadName(rest, out var name);
            if (!name.IsEmpty)
                expanded.Append(valueOf(name.ToString()));
            else if (length == 0)
                expanded.Append('$');
            rest = rest[length..];
            dollar = rest.IndexOf('$');
        }

        return expanded.Append(rest).ToString();
    }

    /// <summary>How many characters the name at the start of <paramref name="text"/> takes; a length without a name is removed.</summary>
    private static int ReadName(ReadOnlySpan<char> text, out ReadOnlySpan<char> name)
    {
        if (text[0] == '{')
        {
            // Only the brace goes when nothing closes it: what follows is text.
            var end = text.IndexOf('}');
            name = end < 0 ? [] : text[1..end];
            return end < 0 ? 1 : end + 1;
        }

        if (char.IsAsciiDigit(text[0]) || "*#$@!?-".Contains(text[0], StringComparison.Ordinal))
        {
            name = text[..1];
            return 1;
        }

        var length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] == '_'))
            length++;
        name = text[..length];
        return length;
    }
}
