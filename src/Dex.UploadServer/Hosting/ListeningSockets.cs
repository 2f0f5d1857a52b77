using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Dex.UploadServer.Hosting;

/// <summary>Binds the server's ports before anything else starts, and hands the sockets to Kestrel.</summary>
/// <remarks>
/// A taken port is found out before deliveries or repairs begin, and is told in the words operators know. Nothing is
/// accepted until Kestrel listens.
/// </remarks>
internal sealed class ListeningSockets : IDisposable
{
    private readonly List<(int Port, Socket Socket)> _bound = [];

    /// <summary>Binds a port on all interfaces.</summary>
    /// <exception cref="StartupFailureException">The port cannot be had.</exception>
    public void Bind(int port, string failureMessage)
    {
        try
        {
            var address = Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
            _bound.Add((port, SocketTransportOptions.CreateDefaultBoundListenSocket(new IPEndPoint(address, port))));
        }
        catch (SocketException refused)
        {
            throw new StartupFailureException(failureMessage, $"listen tcp :{port}: {refused.Message}") { Port = port };
        }
    }

    /// <summary>The socket bound to the port of <paramref name="endpoint"/>, which is now Kestrel's to close.</summary>
    public Socket Take(EndPoint endpoint)
    {
        var found = _bound.FindIndex(bound => endpoint is IPEndPoint ip && ip.Port == bound.Port);
        if (found < 0)
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        var socket = _bound[found].Socket;
        _bound.RemoveAt(found);
        return socket;
    }

    public void Dispose()
    {
        foreach (var (_, socket) in _bound)
            socket.Dispose();
        _bound.Clear();
    }
}
