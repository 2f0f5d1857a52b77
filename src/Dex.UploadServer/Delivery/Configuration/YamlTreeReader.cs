using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>Reads a YAML text of one document into a tree, within bounds: a file that would unfold into millions of nodes or nest without end is refused.</summary>
/// <remarks>Aliases and merge keys (<c>&lt;&lt;</c>) work as operators know them; tags are ignored.</remarks>
internal sealed class YamlTreeReader
{
    private const int MostDepth = 32;
    private const int MostNodes = 100_000;

    private readonly Parser _parser;
    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);
    private long _nodes;

    private YamlTreeReader(string text) => _parser = new Parser(new StringReader(text));

    /// <returns>Null for an empty text.</returns>
    /// <exception cref="FormatException">Not YAML, or out of bounds; the message names the line.</exception>
    public static YamlNode? Read(string text)
    {
        var reader = new YamlTreeReader(text);
        try
        {
            reader._parser.Consume<StreamStart>();
            if (!reader._parser.TryConsume<DocumentStart>(out _))
                return null;
            var root = reader.ReadNode(depth: 0);
            reader._parser.Consume<DocumentEnd>();
            return reader._parser.Accept<DocumentStart>(out var second) ? throw Refused(second.Start, "a second document begins") : root;
        }
        catch (Exception error) when (error is not FormatException)
        {
            // Damaged text makes the parser throw other things than its own exception too.
            // Its words are left out: they may quote the text around, and that may be a secret.
            var line = (error as YamlException)?.Start.Line ?? reader._parser.Current?.End.Line ?? 1;
            throw new FormatException($"yaml: line {line}: the text is not well-formed", error);
        }
    }

    private YamlNode ReadNode(int depth)
    {
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            if (!_anchors.TryGetValue(alias.Value.Value, out var named))
                throw Refused(alias.Start, "an alias names no node before it");
            Count(named.Weight, alias.Start);
            return named;
        }

        var start = _parser.Current ?? throw new FormatException("yaml: the text ends too early");
        if (depth >= MostDepth)
            throw Refused(start.Start, $"more than {MostDepth} levels");
        Count(1, start.Start);
        YamlNode node = start switch
        {
            Scalar => ReadText(_parser.Consume<Scalar>()),
            SequenceStart => ReadList(_parser.Consume<SequenceStart>(), depth),
            MappingStart => ReadMap(_parser.Consume<MappingStart>(), depth),
            _ => throw Refused(start.Start, "a value is missing"),
        };
        if (start is NodeEvent { Anchor.IsEmpty: false } anchored)
            _anchors[anchored.Anchor.Value] = node;
        return node;
    }

    private static YamlText ReadText(Scalar scalar)
    {
        var nothing = scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null" or "Null" or "NULL";
        return new YamlText(nothing ? null : scalar.Value, Line(scalar.Start));
    }

    private YamlList ReadList(SequenceStart start, int depth)
    {
        var items = new List<YamlNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
            items.Add(ReadNode(depth + 1));
        return new YamlList(items, Line(start.Start), 1 + items.Sum(item => item.Weight));
    }

    private YamlMap ReadMap(MappingStart start, int depth)
    {
        var entries = new Dictionary<string, YamlNode>(StringComparer.OrdinalIgnoreCase);
        var merged = new List<YamlMap>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (!_parser.TryConsume<Scalar>(out var key))
                throw Refused(_parser.Current?.Start ?? start.Start, "a key that is not text");
            Count(1, key.Start);
            var value = ReadNode(depth + 1);
            if (key is { Value: "<<", Style: ScalarStyle.Plain })
                merged.AddRange(MergedBy(value, key));
            else if (!entries.TryAdd(key.Value, value))
                throw Refused(key.Start, $"key {key.Value} stands twice");
        }

        foreach (var (key, value) in merged.SelectMany(map => map.Entries))
        {
            if (entries.TryAdd(key, value))
                Count(value.Weight, start.Start);
        }

        return new YamlMap(entries, Line(start.Start), 1 + entries.Sum(entry => 1 + entry.Value.Weight));
    }

    private static IEnumerable<YamlMap> MergedBy(YamlNode value, Scalar key) => value switch
    {
        YamlMap map => [map],
        YamlList list when list.Items.All(item => item is YamlMap) => list.Items.Cast<YamlMap>(),
        _ => throw Refused(key.Start, "<< needs a map"),
    };

    private void Count(long nodes, Mark at)
    {
        _nodes += nodes;
        if (_nodes > MostNodes)
            throw Refused(at, $"more than {MostNodes} nodes, aliases counted each time");
    }

    private static int Line(Mark mark) => (int)mark.Line;

    private static FormatException Refused(Mark at, string why) => new($"yaml: line {at.Line}: {why}");
}
