using System.Text;

namespace Dex.UploadServer.Delivery;

/// <summary>What a rendered path below a target may look like (spec: delivery.md 10.2, reliability.md S-2).</summary>
internal static class DeliveredPath
{
    private const int MostSegmentBytes = 255;

    /// <summary>Why the path is refused, in words that show none of it; null when it may be used.</summary>
    public static string? Check(string path)
    {
        if (path.StartsWith('/'))
            return "the delivered path is absolute";
        foreach (var character in path)
        {
            if (character == '\\')
                return "the delivered path has a backslash";
            if (char.IsControl(character))
                return "the delivered path has a control character";
        }

        foreach (var range in path.AsSpan().Split('/'))
        {
            var segment = path.AsSpan()[range];
            if (segment.IsEmpty)
                return "the delivered path has an empty segment";
            if (segment is "." or "..")
                return "the delivered path has a dot segment";
            if (Encoding.UTF8.GetByteCount(segment) > MostSegmentBytes)
                return $"the delivered path has a segment of more than {MostSegmentBytes} bytes";
        }

        return null;
    }
}
