using Dex.Tus;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>What stands between a socket of the API's port and HTTP: HTTP/1.1 and HTTP/2, with TLS or without.</summary>
internal sealed class ApiListener(
    IOptions<TlsOptions> tls, TlsHandshakes handshakes, IOptions<ConnectionLimitOptions> limits, OpenConnections connections, TimeProvider clock)
{
    // A stream may be one block ahead of the disk. The connection has room for several, so that one that waits does not hold up the rest.
    private const int StreamWindowBytes = 1024 * 1024;
    private const int ConnectionWindowBytes = 4 * StreamWindowBytes;

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
