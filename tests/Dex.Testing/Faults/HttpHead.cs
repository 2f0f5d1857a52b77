using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace Dex.Testing;

/// <summary>First line and headers of an HTTP/1.1 message, as they came.</summary>
internal sealed record HttpHead(byte[] Raw, string FirstLine, IReadOnlyList<string> Fields)
{
    public int Status => int.Parse(FirstLine.Split(' ')[1], CultureInfo.InvariantCulture);

    public bool IsInterim => Status is >= 100 and < 200;

    public bool IsChunked => Field("Transfer-Encoding")?.EndsWith("chunked", StringComparison.OrdinalIgnoreCase) == true;

    public long? Length => Field("Content-Length") is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;

    public string? Field(string name) => FieldOf(Fields, name);

    public static string? FieldOf(IReadOnlyList<string> fields, string name) => fields
        .Where(line => line.StartsWith(name, StringComparison.OrdinalIgnoreCase) && line.Length > name.Length && line[name.Length] == ':')
        .Select(line => line[(name.Length + 1)..].Trim()).FirstOrDefault();

    /// <summary>The next head, or null if the connection ends before it.</summary>
    public static async Task<HttpHead?> ReadAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (Find(read.Buffer, out var head, out var end))
            {
                reader.AdvanceTo(end);
                return head;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
                return null;
        }
    }

    private static bool Find(ReadOnlySequence<byte> buffer, out HttpHead? head, out SequencePosition end)
    {
        var sequence = new SequenceReader<byte>(buffer);
        head = null;
        end = buffer.Start;
        if (!sequence.TryReadTo(out ReadOnlySequence<byte> _, "\r\n\r\n"u8))
            return false;
        end = sequence.Position;
        var raw = buffer.Slice(buffer.Start, end).ToArray();
        var lines = Encoding.Latin1.GetString(raw).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        head = new HttpHead(raw, lines[0], lines[1..]);
        return true;
    }
}
