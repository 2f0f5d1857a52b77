using System.Text;
using Microsoft.Net.Http.Headers;

namespace Dex.Tus.Dialects.Forms;

/// <summary>What the head of a form's part says: a field's name, or that a file follows (RFC 7578, 4.2).</summary>
/// <param name="Name">The field's name, which the file's part has as well.</param>
/// <param name="FileName">The file's name as its sender has it, empty if it has none; null for a field. Untrusted.</param>
internal readonly record struct FormPart(string Name, string? FileName)
{
    /// <summary>Reads the lines of a head, without the blank one behind them; null if they describe no part of a form.</summary>
    public static FormPart? Read(ReadOnlySpan<byte> head)
    {
        string? disposition = null;
        foreach (var line in Encoding.UTF8.GetString(head).Split("\r\n"))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0 || !line.AsSpan(0, colon).Equals("Content-Disposition", StringComparison.OrdinalIgnoreCase))
                continue;
            if (disposition is not null)
                return null;
            disposition = line[(colon + 1)..];
        }

        if (!ContentDispositionHeaderValue.TryParse(disposition, out var parsed) || !parsed.DispositionType.Equals("form-data", StringComparison.OrdinalIgnoreCase))
            return null;
        var fileName = parsed.FileNameStar.HasValue ? parsed.FileNameStar : HeaderUtilities.RemoveQuotes(parsed.FileName);
        return new FormPart(Unescape(HeaderUtilities.RemoveQuotes(parsed.Name).ToString()), fileName.HasValue ? Unescape(fileName.ToString()) : null);
    }

    // The three characters that a browser cannot put between quotes.
    private static string Unescape(string text) => text
        .Replace("%22", "\"", StringComparison.Ordinal)
        .Replace("%0D", "\r", StringComparison.OrdinalIgnoreCase)
        .Replace("%0A", "\n", StringComparison.OrdinalIgnoreCase);
}
