using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Dex.Testing;

namespace Dex.Services;

/// <summary>A client that sends any bytes it likes and hangs up as it likes. Every wait is bounded.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly List<byte> _received = [];

    private RawConnection() { }

    public static async Task<RawConnection> OpenAsync(ServerProcess server, CancellationToken cancellationToken)
    {
        var connection = new RawConnection();
        await connection._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port), cancellationToken);
        return connection;
    }

    /// <summary>Sends text, one byte a character.</summary>
    public Task SendAsync(string text, CancellationToken cancellationToken) => SendAsync(Encoding.Latin1.GetBytes(text), cancellationToken);

    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        using var limited = Limited(cancellationToken);
        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes, limited.Token)..];
    }

    /// <summary>Sends what the server takes: it may well have answered and closed before the end.</summary>
    public async Task TrySendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(bytes, cancellationToken);
        }
        catch (SocketException)
        {
            // The answer, if there was one, is still to be read.
        }
    }

    /// <summary>The next final answer; null if the connection ended without one.</summary>
    /// <param name="withBody">False for the answer to a HEAD, which announces a body that does not come.</param>
    public async Task<RawResponse?> ReadResponseAsync(CancellationToken cancellationToken, bool withBody = true)
    {
        using var limited = Limited(cancellationToken);
        while (true)
        {
            if (await ReadHeadAsync(limited.Token) is not { } head)
                return null;
            if (head.Status < 200)
                continue;
            var length = withBody && head.Header("Content-Length") is { } announced ? int.Parse(announced, CultureInfo.InvariantCulture) : 0;
            while (_received.Count < length && await ReceiveAsync(limited.Token))
            {
            }

            var body = Encoding.UTF8.GetString([.. _received.Take(length)]);
            _received.RemoveRange(0, Math.Min(length, _received.Count));
            return head with { Body = body };
        }
    }

    /// <summary>Waits until the server closes the connection; whatever it sends before is dropped.</summary>
    public async Task WaitForCloseAsync(CancellationToken cancellationToken)
    {
        using var limited = Limited(cancellationToken);
        while (await ReceiveAsync(limited.Token))
        {
        }
    }

    /// <summary>Says that nothing more will be sent, and goes on listening.</summary>
    public void HalfClose() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Hangs up with a reset.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    public void Dispose() => _socket.Dispose();

    private async Task<RawResponse?> ReadHeadAsync(CancellationToken cancellationToken)
    {
        int end;
        while ((end = Encoding.Latin1.GetString([.. _received]).IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
        {
            if (!await ReceiveAsync(cancellationToken))
                return null;
        }

        var lines = Encoding.Latin1.GetString([.. _received.Take(end)]).Split("\r\n");
        _received.RemoveRange(0, end + 4);
        return RawResponse.Parse(lines);
    }

    private async Task<bool> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            var buffer = new byte[16 * 1024];
            var count = await _socket.ReceiveAsync(buffer, cancellationToken);
            _received.AddRange(buffer.AsSpan(0, count));
            return count > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static CancellationTokenSource Limited(CancellationToken cancellationToken)
    {
        var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(Limit);
        return limited;
    }
}

internal sealed record RawResponse(int Status, ILookup<string, string> Headers, string Body)
{
    public string? Header(string name) => Headers[name].FirstOrDefault();

    public static RawResponse Parse(IReadOnlyList<string> head) => new(
        int.Parse(head[0].Split(' ')[1], CultureInfo.InvariantCulture),
        head.Skip(1).Select(line => line.Split(':', 2)).ToLookup(pair => pair[0], pair => pair[1].Trim(), StringComparer.OrdinalIgnoreCase),
        "");
}
