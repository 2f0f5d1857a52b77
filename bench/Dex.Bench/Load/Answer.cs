using System.Buffers.Text;
using System.Text;

namespace Dex.Bench.Load;

/// <summary>What the generator wants to know of an HTTP answer.</summary>
/// <param name="Offset"><c>Upload-Offset</c>, or -1.</param>
/// <param name="Location">Where in the received bytes the value of <c>Location</c> is; empty if there is none.</param>
internal readonly record struct Answer(int Status, long Offset, Range Location)
{
    private const int NoContent = 204;

    /// <summary>Reads an answer from the bytes received so far; false if it is not all there yet.</summary>
    /// <param name="toHead">Whether the request was HEAD: no body follows, whatever the head announces.</param>
    public static bool TryRead(ReadOnlySpan<byte> received, bool toHead, out Answer answer)
    {
        answer = default;
        var headLength = received.IndexOf("\r\n\r\n"u8) + 4;
        if (headLength < 4)
            return false;
        if (!Utf8Parser.TryParse(received["HTTP/1.1 ".Length..], out int status, out _))
            throw new InvalidDataException($"This is no answer: {Text(received)}");

        var head = received[..headLength];
        answer = new Answer(status, NumberOf(head, "\r\nUpload-Offset:"u8), ValueOf(head, "\r\nLocation:"u8));
        if (toHead || status == NoContent)
            return true;
        if (NumberOf(head, "\r\nContent-Length:"u8) is var length and >= 0)
            return received.Length >= headLength + length;
        return received[(headLength - 2)..].EndsWith("\r\n0\r\n\r\n"u8); // chunked
    }

    public static string Text(ReadOnlySpan<byte> received) => Encoding.Latin1.GetString(received);

    private static long NumberOf(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name) =>
        Utf8Parser.TryParse(head[ValueOf(head, name)], out long number, out _) ? number : -1;

    private static Range ValueOf(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        for (var at = 0; at + name.Length < head.Length;)
        {
            var line = head[at..].IndexOf("\r\n"u8);
            if (line < 0)
                break;
            at += line;
            if (Ascii.EqualsIgnoreCase(head.Slice(at, Math.Min(name.Length, head.Length - at)), name))
            {
                var start = at + name.Length;
                while (head[start] == ' ')
                    start++;
                return start..(start + head[start..].IndexOf("\r\n"u8));
            }

            at += 2;
        }

        return 0..0;
    }
}
