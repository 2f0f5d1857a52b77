using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dex.Testing;

/// <summary>One cleartext HTTP/2 connection that sends exactly the frames it is given, all at once or one by one.</summary>
public sealed class RawHttp2Connection : IDisposable
{
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;

    private readonly Socket _socket;

    private RawHttp2Connection(Socket socket) => _socket = socket;

    /// <summary>The preface with empty settings, which is what a connection begins with.</summary>
    public static byte[] Preface { get; } = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [])];

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

    /// <summary>Bytes of a body, at most 16384.</summary>
    public static byte[] Body(int stream, ReadOnlySpan<byte> bytes, bool last = false) => Frame(Data, last ? EndStream : (byte)0, stream, bytes);

    /// <summary>Headers behind a body, and its end.</summary>
    public static byte[] Trailers(int stream, params (string Name, string Value)[] trailers) => Frame(Headers, EndHeaders | EndStream, stream, Encode(trailers));

    /// <summary>CANCEL.</summary>
    public static byte[] Cancel(int stream) => Frame(Reset, 0, stream, [0, 0, 0, 8]);

    /// <summary>Sends frames in one write, so that they can be received in one read.</summary>
    public async Task SendAsync(params byte[][] frames) => await _socket.SendAsync(frames.SelectMany(bytes => bytes).ToArray());

    /// <summary>Ends the connection: FIN.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Reads until the other side closes; false if it has not within 30 s.</summary>
    public async Task<bool> IsClosedAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
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
