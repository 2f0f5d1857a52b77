using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Dex.Testing;

/// <summary>One connection, TCP or TLS over it, that sends exactly the bytes it is given and reads HTTP/1.1 answers.</summary>
public sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Socket _socket;
    private readonly SslStream? _tls;
    private readonly List<byte> _received = [];

    private RawConnection(Socket socket, SslStream? tls = null) => (_socket, _tls) = (socket, tls);

    public static async Task<RawConnection> OpenAsync(int port) => new(await ConnectAsync(port));

    /// <summary>Over TLS, to a server whose certificate has this SHA-1 thumbprint.</summary>
    public static async Task<RawConnection> OpenTlsAsync(int port, string thumbprint)
    {
        var socket = await ConnectAsync(port);
        var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetCertHashString() == thumbprint,
        });
        return new RawConnection(socket, tls);
    }

    /// <summary>Sends text as Latin-1, so that any byte can be sent; line ends are as written.</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var patience = new CancellationTokenSource(Patience);
        if (_tls is not null)
        {
            await _tls.WriteAsync(bytes, patience.Token);
            return;
        }

        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, patience.Token)..];
    }

    /// <summary>Ends the sending half: FIN.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Says in TLS that no more is sent (close_notify), and keeps TCP open.</summary>
    public Task EndTlsAsync() => _tls!.ShutdownAsync();

    /// <summary>Breaks the connection: RST.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    /// <summary>Reads one answer with its body; null if the connection was closed before a whole head.</summary>
    /// <param name="toHead">The request was a HEAD, so no body follows whatever the head says.</param>
    public async Task<RawAnswer?> ReadAnswerAsync(bool toHead = false)
    {
        int end;
        while ((end = FindHeadEnd()) < 0)
        {
            if (!await FillAsync())
                return null;
        }

        var lines = Encoding.Latin1.GetString([.. _received[..end]]).Split("\r\n");
        _received.RemoveRange(0, end + 4);
        var status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        var headers = lines[1..].Select(line => line.Split(':', 2)).Select(pair => new KeyValuePair<string, string>(pair[0], pair[1].Trim())).ToArray();
        var answer = new RawAnswer(status, lines[0], headers, "");
        if (toHead || status is < 200 or 204 or 304)
            return answer;

        if (answer.Header("Transfer-Encoding") is not null)
            return answer with { Body = await ReadChunksAsync() };
        var length = int.Parse(answer.Header("Content-Length") ?? "0", CultureInfo.InvariantCulture);
        return answer with { Body = Encoding.UTF8.GetString(await TakeAsync(length)) };
    }

    /// <summary>The final answer, past interim ones (1xx); null if the connection was closed before it.</summary>
    public async Task<RawAnswer?> ReadFinalAnswerAsync(bool toHead = false)
    {
        RawAnswer? answer;
        do
            answer = await ReadAnswerAsync(toHead);
        while (answer is { Status: < 200 });
        return answer;
    }

    /// <summary>Whether the other side has closed the connection, waiting for it.</summary>
    public async Task<bool> IsClosedAsync() => !await FillAsync();

    public void Dispose()
    {
        _tls?.Dispose();
        _socket.Dispose();
    }

    private static async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    private int FindHeadEnd()
    {
        for (var i = 0; i + 3 < _received.Count; i++)
        {
            if (_received[i] == '\r' && _received[i + 1] == '\n' && _received[i + 2] == '\r' && _received[i + 3] == '\n')
                return i;
        }

        return -1;
    }

    private async Task<string> ReadChunksAsync()
    {
        var body = new StringBuilder();
        while (true)
        {
            var line = new StringBuilder();
            while (!line.ToString().EndsWith("\r\n", StringComparison.Ordinal))
                line.Append((char)(await TakeAsync(1))[0]);
            var size = int.Parse(line.ToString().Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Append(Encoding.UTF8.GetString(await TakeAsync(size)));
            await TakeAsync(2);
            if (size == 0)
                return body.ToString();
        }
    }

    private async Task<byte[]> TakeAsync(int count)
    {
        while (_received.Count < count)
        {
            if (!await FillAsync())
                throw new IOException("the connection was closed inside an answer");
        }

        var taken = _received[..count].ToArray();
        _received.RemoveRange(0, count);
        return taken;
    }

    private async Task<bool> FillAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var buffer = new byte[16 * 1024];
        try
        {
            var count = _tls is null ? await _socket.ReceiveAsync(buffer, SocketFlags.None, patience.Token) : await _tls.ReadAsync(buffer, patience.Token);
            _received.AddRange(buffer.AsSpan(0, count));
            return count > 0;
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }
}

/// <summary>An answer as it came.</summary>
public sealed record RawAnswer(int Status, string StatusLine, IReadOnlyList<KeyValuePair<string, string>> Headers, string Body)
{
    /// <summary>The header's value, null if absent; fails if it came more than once.</summary>
    public string? Header(string name) =>
        Headers.Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value).SingleOrDefault();
}
