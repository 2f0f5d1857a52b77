using System.Buffers;
using System.Text;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Dex.Tus.Dialects.Forms;

/// <summary>What stands between the parts of a form (RFC 2046, 5.1.1).</summary>
internal sealed class FormBoundary
{
    private const int MostCharacters = 70;

    private static readonly SearchValues<char> Characters =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'()+_,-./:=? ");

    private readonly byte[] _delimiter;

    private FormBoundary(string boundary) => _delimiter = Encoding.ASCII.GetBytes($"\r\n--{boundary}");

    /// <summary>Ends a part: line end, two dashes, boundary. Its first byte is the only CR in it.</summary>
    public ReadOnlyMemory<byte> Delimiter => _delimiter;

    /// <summary>Begins the form: the delimiter without the line end that it would have before it.</summary>
    public ReadOnlyMemory<byte> Opening => _delimiter.AsMemory(2);

    /// <summary>The boundary a form announces; null if there is none that can be used.</summary>
    public static FormBoundary? Of(StringValues contentType)
    {
        if (!MediaTypeHeaderValue.TryParse(contentType.ToString(), out var type))
            return null;
        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        return boundary.Length is > 0 and <= MostCharacters && !boundary.AsSpan().ContainsAnyExcept(Characters) && !boundary.EndsWith(' ')
            ? new FormBoundary(boundary)
            : null;
    }
}
