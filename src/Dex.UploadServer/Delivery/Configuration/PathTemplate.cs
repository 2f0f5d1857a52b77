using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>How delivered files are named: literal text and fields, parsed at start, rendered for each upload (spec: delivery.md 2).</summary>
internal sealed class PathTemplate
{
    /// <summary>Used where a group gives none.</summary>
    public const string Default = "{{.Year}}/{{.Month}}/{{.Day}}/{{.Filename}}";

    private readonly ImmutableArray<Piece> _pieces;

    private PathTemplate(ImmutableArray<Piece> pieces) => _pieces = pieces;

    /// <summary>Literal text, or a field if that is set.</summary>
    private readonly record struct Piece(string Literal, PathField? Field);

    /// <summary>Whether two uploads can never share a path.</summary>
    public bool HasUploadId => _pieces.Any(piece => piece.Field == PathField.UploadId);

    /// <param name="text">Null or empty is <see cref="Default"/>.</param>
    /// <exception cref="FormatException">Anything but plain fields and text; the message says what.</exception>
    public static PathTemplate Parse(string? text)
    {
        var rest = (string.IsNullOrEmpty(text) ? Default : text).AsSpan();
        var pieces = ImmutableArray.CreateBuilder<Piece>();
        var trimNext = false;
        while (!rest.IsEmpty)
        {
            var open = rest.IndexOf("{{", StringComparison.Ordinal);
            var literal = open < 0 ? rest : rest[..open];
            if (trimNext)
                literal = literal.TrimStart(Blanks);
            if (open < 0)
            {
                pieces.Add(new Piece(literal.ToString(), null));
                break;
            }

            rest = rest[(open + 2)..];
            var close = rest.IndexOf("}}", StringComparison.Ordinal);
            if (close < 0)
                throw new FormatException("unclosed action");
            var field = ReadAction(rest[..close], out var trimBefore, out trimNext);
            pieces.Add(new Piece((trimBefore ? literal.TrimEnd(Blanks) : literal).ToString(), null));
            pieces.Add(new Piece("", field));
            rest = rest[(close + 2)..];
        }

        return new PathTemplate(pieces.ToImmutable());
    }

    /// <summary>The path of an upload, unchecked: see <see cref="DeliveredPath"/>.</summary>
    /// <exception cref="FormatException">The upload has no readable ingest time: <c>bad ingest timestamp</c>.</exception>
    public string Render(in PathValues values)
    {
        // Asked for even if no field shows it: an upload without it was not taken in by a server of ours.
        var ingested = IngestTime.Parse(values.IngestedAt);
        var extensionAt = values.FileName.LastIndexOfAny(['.', '/']);
        if (extensionAt >= 0 && values.FileName[extensionAt] == '/')
            extensionAt = -1;
        var extension = extensionAt < 0 ? "" : values.FileName[extensionAt..];
        var stem = extensionAt < 0 ? values.FileName : values.FileName[..extensionAt];

        var path = new StringBuilder();
        foreach (var (literal, field) in _pieces)
        {
            path.Append(field switch
            {
                null => literal,
                PathField.Year => ingested.Year.ToString(CultureInfo.InvariantCulture),
                PathField.Month => ingested.Month.ToString("D2", CultureInfo.InvariantCulture),
                PathField.Day => ingested.Day.ToString("D2", CultureInfo.InvariantCulture),
                PathField.Hour => ingested.Hour.ToString("D2", CultureInfo.InvariantCulture),
                PathField.UploadId => values.UploadId,
                PathField.Filename => stem,
                PathField.DataStreamID => values.DataStreamId,
                PathField.DataStreamRoute => values.DataStreamRoute,
                _ => "",
            });
        }

        return path.Append(extension).ToString();
    }

    private const string Blanks = " \t\r\n";

    private static PathField ReadAction(ReadOnlySpan<char> action, out bool trimBefore, out bool trimAfter)
    {
        // A trim mark counts only with a blank between it and the field.
        trimBefore = action.Length > 1 && action[0] == '-' && Blanks.Contains(action[1], StringComparison.Ordinal);
        if (trimBefore)
            action = action[1..];
        trimAfter = action.Length > 1 && action[^1] == '-' && Blanks.Contains(action[^2], StringComparison.Ordinal);
        if (trimAfter)
            action = action[..^1];

        var field = action.Trim(Blanks);
        if (field is ['.', .. var name] && Enum.TryParse<PathField>(name, ignoreCase: false, out var known) && name.SequenceEqual(known.ToString()))
            return known;
        throw new FormatException($"{{{{{field}}}}} is not a field of a path template");
    }
}

/// <summary>Fields of a <see cref="PathTemplate"/>, spelled as in delivery files.</summary>
internal enum PathField
{
    Year,
    Month,
    Day,
    Hour,
    UploadId,
    Filename,
    DataStreamID,
    DataStreamRoute,

    /// <summary>Always empty.</summary>
    Prefix,

    /// <summary>Always empty.</summary>
    Suffix,
}

/// <summary>What a <see cref="PathTemplate"/> is filled with.</summary>
/// <param name="IngestedAt">As the manifest has it; may be missing or nonsense.</param>
internal readonly record struct PathValues(string UploadId, string FileName, string DataStreamId, string DataStreamRoute, string? IngestedAt);
