using Dex.Tus;
using Dex.UploadServer.Hosting.ReceiveMemory;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>What stands between a socket of the API's port and HTTP: HTTP/1.1 and HTTP/2, with TLS or without.</summary>
internal sealed class ApiListener(
    IOptions<TlsOptions> tls, TlsHandshakes handshakes, IOptions<ConnectionLimitOptions> limits, OpenConnections connections, TimeProvider clock)
{
    // A stream may be as far ahead of the disk as an HTTP/1.1 connection. One that waits leaves the others of its connection as much.
    private const int StreamWindowBytes = 4 * ReceiveBlocks.LargeBytes;
    private const int ConnectionWindowBytes = 2 * StreamWindowBytes;

    public void Configure(ListenOptions listener)
    {
        listener.Use(next => connection => connections.TrackAsync(connection, next));
        if (tls.Value.IsOn)
            listener.UseHttps(handshakes.Describe(limits.Value.HeadersTimeout));
        else
            listener.UseHttp2Preface(limits.Value.KeepAliveTimeout, limits.Value.HeadersTimeout, clock);
        listener.UseHalfClose();
    }

    public static void Configure(Http2Limits limits, ConnectionLimitOptions connection)
    {
        limits.InitialStreamWindowSize = StreamWindowBytes;
        limits.InitialConnectionWindowSize = ConnectionWindowBytes;
        limits.MaxRequestHeaderFieldSize = connection.HeadersBytes;
    }
}
