using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dex.Testing;

/// <summary>One cleartext HTTP/2 connection that sends exactly the frames it is given, all at once or one by one, and reads frames. It never gives the server more window.</summary>
public sealed class RawHttp2Connection : IDisposable
{
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;
    private const byte Continuation = 9;
    private const byte InitialWindowSize = 4;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Socket _socket;
    private readonly List<byte> _received = [];

    private RawHttp2Connection(Socket socket) => _socket = socket;

    /// <summary>The preface with empty settings, which is what a connection begins with.</summary>
    public static byte[] Preface { get; } = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [])];

    /// <summary>The preface of a client that wants no byte of an answer's body until it says so.</summary>
    public static byte[] PrefaceWithoutWindow { get; } = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [0, InitialWindowSize, 0, 0, 0, 0])];

    public static async Task<RawHttp2Connection> OpenAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        return new RawHttp2Connection(socket);
    }

    /// <summary>The head of a PATCH in tus 1.0, to be followed by its body.</summary>
    public static byte[] PatchHead(int stream, string uploadId, long offset, params (string Name, string Value)[] headers) => Head(
        stream, last: false, "PATCH", $"/files/{uploadId}",
        [("tus-resumable", "1.0.0"), ("content-type", "application/offset+octet-stream"), ("upload-offset", $"{offset}"), .. headers]);

    /// <summary>The head of any request.</summary>
    /// <param name="last">It has no body.</param>
    public static byte[] Head(int stream, bool last, string method, string path, params (string Name, string Value)[] headers) => Frame(
        Headers, (byte)(EndHeaders | (last ? EndStream : 0)), stream,
        Encode([(":method", method), (":scheme", "http"), (":path", path), (":authority", "up.example"), .. headers]));

    /// <summary>A head that is not over yet, and has no body.</summary>
    public static byte[] BeginHead(int stream, string method, string path, params (string Name, string Value)[] headers) => Frame(
        Headers, EndStream, stream, Encode([(":method", method), (":scheme", "http"), (":path", path), (":authority", "up.example"), .. headers]));

    /// <summary>More of a head, encoded by whoever sends it.</summary>
    public static byte[] MoreHead(int stream, ReadOnlySpan<byte> encoded, bool last = false) => Frame(Continuation, last ? EndHeaders : (byte)0, stream, encoded);

    /// <summary>Bytes of a body, at most 16384.</summary>
    public static byte[] Body(int stream, ReadOnlySpan<byte> bytes, bool last = false) => Frame(Data, last ? EndStream : (byte)0, stream, bytes);

    /// <summary>Headers behind a body, and its end.</summary>
    public static byte[] Trailers(int stream, params (string Name, string Value)[] trailers) => Frame(Headers, EndHeaders | EndStream, stream, Encode(trailers));

    /// <summary>Answered when all before it has been seen.</summary>
    public static byte[] Ping { get; } = Frame(6, 0, 0, new byte[8]);

    /// <summary>CANCEL.</summary>
    public static byte[] Cancel(int stream) => Frame(Reset, 0, stream, [0, 0, 0, 8]);

    /// <summary>Sends frames in one write, so that they can be received in one read.</summary>
    public async Task SendAsync(params byte[][] frames) => await _socket.SendAsync(frames.SelectMany(bytes => bytes).ToArray());

    /// <summary>Ends the connection: FIN.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Reads one frame; null if the connection was closed before it.</summary>
    public async Task<Http2Frame?> ReadFrameAsync()
    {
        if (!await FillAsync(9))
            return null;
        var length = BinaryPrimitives.ReadInt32BigEndian([0, .. _received[..3]]);
        if (!await FillAsync(9 + length))
            return null;
        var stream = BinaryPrimitives.ReadInt32BigEndian([.. _received[5..9]]) & int.MaxValue;
        var frame = new Http2Frame(_received[3], stream, [.. _received[9..(9 + length)]]);
        _received.RemoveRange(0, 9 + length);
        return frame;
    }

    /// <summary>All frames up to the end of the connection, or up to the first one that is wanted.</summary>
    public async Task<List<Http2Frame>> ReadFramesAsync(Func<Http2Frame, bool>? wanted = null)
    {
        var frames = new List<Http2Frame>();
        while (await ReadFrameAsync() is { } frame)
        {
            frames.Add(frame);
            if (wanted?.Invoke(frame) == true)
                break;
        }

        return frames;
    }

    /// <summary>Reads until the other side closes; false if it has not within 30 s.</summary>
    public async Task<bool> IsClosedAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var buffer = new byte[16 * 1024];
        try
        {
            while (await _socket.ReceiveAsync(buffer, SocketFlags.None, patience.Token) > 0)
            {
                // Whatever it says on the way.
            }
        }
        catch (SocketException)
        {
            // Reset is closed, too.
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        return true;
    }

    public void Dispose() => _socket.Dispose();

    private async Task<bool> FillAsync(int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        var buffer = new byte[16 * 1024];
        try
        {
            while (_received.Count < count)
            {
                var received = await _socket.ReceiveAsync(buffer, SocketFlags.None, patience.Token);
                if (received == 0)
                    return false;
                _received.AddRange(buffer.AsSpan(0, received));
            }
        }
        catch (SocketException)
        {
            return false;
        }

        return true;
    }

    private static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    // Literals without indexing (RFC 7541, 6.2.2); none is longer than 126 bytes.
    private static byte[] Encode(IEnumerable<(string Name, string Value)> headers) =>
        [.. headers.SelectMany(header => (byte[])[0, .. Text(header.Name), .. Text(header.Value)])];

    private static byte[] Text(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}

/// <summary>One frame as it came.</summary>
public sealed record Http2Frame(byte Type, int Stream, byte[] Payload)
{
    public bool IsBody => Type == 0;

    public bool IsHead => Type == 1;

    public bool IsReset => Type == 3;

    public bool IsPing => Type == 6;

    public bool IsGoAway => Type == 7;

    public bool IsWindowUpdate => Type == 8;

    /// <summary>The payload as Latin-1; answers come without Huffman codes.</summary>
    public string Text => Encoding.Latin1.GetString(Payload);
}
