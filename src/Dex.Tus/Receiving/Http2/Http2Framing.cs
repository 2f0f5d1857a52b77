using System.Buffers;
using System.Buffers.Binary;

namespace Dex.Tus.Receiving.Http2;

/// <summary>Follows the frames of an HTTP/2 connection, without keeping them, and stops in front of each that ends a stream early (RFC 9113, 4.1 and 6.4).</summary>
/// <remarks>Whether the frames are right is for the HTTP stack to say.</remarks>
internal sealed class Http2Framing
{
    private const int HeaderBytes = 9;
    private const int PrefaceBytes = 24;
    private const byte Data = 0;
    private const byte RstStream = 3;
    private const byte EndStream = 1;

    private readonly byte[] _header = new byte[HeaderBytes];
    private int _headerBytes;
    private long _payloadLeft = PrefaceBytes;

    /// <summary>The stream that the next frame resets, or null.</summary>
    public int? Reset { get; private set; }

    /// <summary>Told the stream of each frame of a body, and whether it is the last one.</summary>
    public required Action<int, bool> OnData { get; init; }

    /// <summary>Goes through bytes that were not seen before.</summary>
    /// <returns>How many of them come before the end of a reset's header: with these alone, it has no effect yet.</returns>
    public long Follow(ReadOnlySequence<byte> bytes)
    {
        var seen = 0L;
        var reader = new SequenceReader<byte>(bytes);
        while (Reset is null && !reader.End)
        {
            if (_payloadLeft > 0)
            {
                var skipped = Math.Min(_payloadLeft, reader.Remaining);
                reader.Advance(skipped);
                _payloadLeft -= skipped;
                seen += skipped;
                continue;
            }

            var wanted = Math.Min(HeaderBytes - _headerBytes, (int)Math.Min(reader.Remaining, HeaderBytes));
            reader.UnreadSequence.Slice(0, wanted).CopyTo(_header.AsSpan(_headerBytes));
            reader.Advance(wanted);
            _headerBytes += wanted;
            seen += wanted;
            if (_headerBytes == HeaderBytes)
                seen -= ReadHeader();
        }

        return seen;
    }

    /// <summary>Lets the reset pass. Its header's last byte, not counted before, is the next one to be followed.</summary>
    public void PassReset()
    {
        Reset = null;
        _headerBytes = 0;
        _payloadLeft = 1 + PayloadBytes;
    }

    private int PayloadBytes => BinaryPrimitives.ReadInt32BigEndian(_header) >>> 8;

    private int StreamId => BinaryPrimitives.ReadInt32BigEndian(_header.AsSpan(5)) & int.MaxValue;

    // How many bytes of the header are held back.
    private int ReadHeader()
    {
        if (_header[3] == RstStream)
        {
            Reset = StreamId;
            return 1;
        }

        if (_header[3] == Data)
            OnData(StreamId, (_header[4] & EndStream) != 0);
        _headerBytes = 0;
        _payloadLeft = PayloadBytes;
        return 0;
    }
}
