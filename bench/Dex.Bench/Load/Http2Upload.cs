using System.Buffers.Binary;
using System.Net.Security;
using System.Text;

namespace Dex.Bench.Load;

/// <inheritdoc/>
/// <remarks>As much of HTTP/2 as one request needs: frames of the usual size, many at a time, as far as the server's windows allow.</remarks>
internal sealed class Http2Upload : BlockUpload
{
    private const int FrameHead = 9, FrameBytes = 16 * 1024, FramesInBlock = BlockBytes / FrameBytes;
    private const int UsualWindow = 65_535;
    private const byte Data = 0, Headers1 = 1, Reset = 3, Settings = 4, GoAway = 7, WindowUpdate = 8;
    private const byte EndStream = 1, EndHeaders = 4, Acknowledge = 1;
    private const ushort InitialWindow = 4;
    private const byte Status204 = 0x89; // of the static table
    private const int Stream1 = 1;

    private readonly object _gate = new();
    private readonly Lock _writing = new();
    private long _connectionWindow = UsualWindow, _streamWindow = UsualWindow, _initialWindow = UsualWindow;
    private string? _end;

    public Http2Upload(Uri upload)
        : base(upload, SslApplicationProtocol.Http2)
    {
        Write([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [])]);
        new Thread(Receive) { IsBackground = true }.Start();
    }

    protected override void SendHead(long length)
    {
        IEnumerable<(string Name, string Value)> request =
            [(":method", "PATCH"), (":scheme", Upload.Scheme), (":path", Upload.AbsolutePath), (":authority", Upload.Authority), .. Headers(length)];
        Write(Frame(Headers1, EndHeaders, Stream1, [.. request.SelectMany(header => (byte[])[0, .. Literal(header.Name), .. Literal(header.Value)])]));
    }

    protected override void SendBody(Payload payload, long length)
    {
        var block = new byte[FramesInBlock * (FrameHead + FrameBytes)];
        for (long offset = 0; offset < length;)
        {
            var (end, granted) = (0, WaitForWindow(Math.Min(BlockBytes, length - offset)));
            for (long bytes; granted > 0; granted -= bytes, offset += bytes)
            {
                bytes = Math.Min(granted, FrameBytes);
                WriteHead(block.AsSpan(end), (int)bytes, Data, offset + bytes == length ? EndStream : (byte)0, Stream1);
                payload.Read(block.AsSpan(end + FrameHead, (int)bytes), offset);
                end += FrameHead + (int)bytes;
            }

            Write(block.AsSpan(0, end));
        }
    }

    protected override void ExpectNoContent()
    {
        lock (_gate)
        {
            while (_end is null)
                Monitor.Wait(_gate);
            if (_end.Length > 0)
                throw new InvalidDataException(_end);
        }
    }

    // Whole frames, but for the last one: little pieces would be what is measured.
    private long WaitForWindow(long wanted)
    {
        lock (_gate)
        {
            while (true)
            {
                if (_end is { Length: > 0 })
                    throw new InvalidDataException(_end);
                var open = Math.Min(_connectionWindow, _streamWindow);
                var granted = open >= wanted ? wanted : open / FrameBytes * FrameBytes;
                if (granted > 0)
                {
                    _connectionWindow -= granted;
                    _streamWindow -= granted;
                    return granted;
                }

                Monitor.Wait(_gate);
            }
        }
    }

    private void Receive()
    {
        var head = new byte[FrameHead];
        var content = new byte[FrameBytes];
        try
        {
            while (true)
            {
                Stream.ReadExactly(head);
                var length = (head[0] << 16) | (head[1] << 8) | head[2];
                Stream.ReadExactly(content.AsSpan(0, length));
                Take(head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), content.AsSpan(0, length));
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            End($"The connection ended before the answer: {error.Message}");
        }
    }

    private void Take(byte type, byte flags, int stream, ReadOnlySpan<byte> content)
    {
        switch (type)
        {
            case WindowUpdate:
                Widen(stream, BinaryPrimitives.ReadInt32BigEndian(content));
                break;
            case Settings when (flags & Acknowledge) == 0:
                for (; content.Length > 0; content = content[6..])
                {
                    if (BinaryPrimitives.ReadUInt16BigEndian(content) == InitialWindow)
                        Begin(BinaryPrimitives.ReadInt32BigEndian(content[2..]));
                }

                Write(Frame(Settings, Acknowledge, 0, []));
                break;
            case Headers1:
                End(content.Contains(Status204) ? "" : $"204 was expected: {Convert.ToHexString(content)}");
                break;
            case Reset or GoAway:
                End($"The server ended the stream: {Convert.ToHexString(content)}");
                break;
        }
    }

    private void Widen(int stream, int bytes)
    {
        lock (_gate)
        {
            if (stream == 0)
                _connectionWindow += bytes;
            else
                _streamWindow += bytes;
            Monitor.PulseAll(_gate);
        }
    }

    private void Begin(int window)
    {
        lock (_gate)
        {
            _streamWindow += window - _initialWindow;
            _initialWindow = window;
            Monitor.PulseAll(_gate);
        }
    }

    private void End(string reason)
    {
        lock (_gate)
        {
            _end ??= reason;
            Monitor.PulseAll(_gate);
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_writing)
            Stream.Write(bytes);
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] content)
    {
        var frame = new byte[FrameHead + content.Length];
        WriteHead(frame, content.Length, type, flags, stream);
        content.CopyTo(frame, FrameHead);
        return frame;
    }

    private static void WriteHead(Span<byte> frame, int length, byte type, byte flags, int stream)
    {
        BinaryPrimitives.WriteInt32BigEndian(frame, length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame[5..], stream);
    }

    // HPACK, not indexed, not compressed: a length of 127 and more continues in a second byte.
    private static byte[] Literal(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        return bytes.Length < 127 ? [(byte)bytes.Length, .. bytes] : [127, (byte)(bytes.Length - 127), .. bytes];
    }
}
