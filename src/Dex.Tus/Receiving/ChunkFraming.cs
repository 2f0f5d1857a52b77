using System.Buffers;

namespace Dex.Tus.Receiving;

/// <summary>Follows the framing of a chunked body as it passes, to find where it ceases to be chunks (RFC 9112, 7.1).</summary>
/// <remarks>
/// Kestrel drops what it has decoded and not yet handed out when it meets a broken chunk. If it never meets one, the good
/// chunks before it are kept (spec: tus.md BR1). As strict as Kestrel, or a little more; trailers are left to it.
/// </remarks>
internal sealed class ChunkFraming
{
    private const int MaxSizeDigits = 8;

    private Part _next = Part.Size;
    private long _size;
    private int _digits;

    private enum Part { Size, Extension, SizeEnd, Data, DataEnd, LineEnd, Trailers, Broken }

    /// <summary>What has been followed ends in something that is no chunk.</summary>
    public bool IsBroken => _next == Part.Broken;

    /// <summary>The last chunk has passed: whatever follows is none of the body's data.</summary>
    public bool IsOver => _next == Part.Trailers;

    /// <summary>Follows the next bytes.</summary>
    /// <returns>How many of them come before the break, or all.</returns>
    public long Follow(in ReadOnlySequence<byte> bytes)
    {
        var reader = new SequenceReader<byte>(bytes);
        while (!IsOver && !IsBroken && !reader.End)
        {
            if (_next == Part.Data)
            {
                var taken = Math.Min(_size, reader.Remaining);
                reader.Advance(taken);
                _size -= taken;
                if (_size == 0)
                    _next = Part.DataEnd;
            }
            else if (reader.TryPeek(out var value) && (_next = PartAfter(value)) != Part.Broken)
            {
                reader.Advance(1);
            }
        }

        return IsOver ? bytes.Length : reader.Consumed;
    }

    private Part PartAfter(byte value) => (_next, value) switch
    {
        (Part.Size, _) when char.IsAsciiHexDigit((char)value) => PartAfterDigit(char.IsAsciiDigit((char)value) ? value - '0' : (value | 0x20) - 'a' + 10),
        (Part.Size, (byte)';') when _digits > 0 => Part.Extension,
        (Part.Size, (byte)'\r') when _digits > 0 => Part.SizeEnd,
        (Part.Extension, (byte)'\r') => Part.SizeEnd,
        (Part.Extension, not (byte)'\n') => Part.Extension,
        (Part.SizeEnd, (byte)'\n') => PartAfterSize(),
        (Part.DataEnd, (byte)'\r') => Part.LineEnd,
        (Part.LineEnd, (byte)'\n') => Part.Size,
        _ => Part.Broken,
    };

    private Part PartAfterDigit(int digit)
    {
        if (++_digits > MaxSizeDigits || (_size = (_size << 4) + digit) > int.MaxValue)
            return Part.Broken;
        return Part.Size;
    }

    private Part PartAfterSize()
    {
        _digits = 0;
        return _size == 0 ? Part.Trailers : Part.Data;
    }
}
