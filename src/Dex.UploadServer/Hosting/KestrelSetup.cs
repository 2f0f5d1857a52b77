using Dex.UploadServer.Hosting.ReceiveMemory;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Sets Kestrel up: the API's listener and what a connection may cost (spec: tus.md appendix A, reliability.md 9).</summary>
internal sealed class KestrelSetup(
    IOptions<ServerAddressOptions> address,
    IOptions<ConnectionLimitOptions> limits,
    ListeningSockets sockets,
    ApiListener api) : IConfigureOptions<KestrelServerOptions>, IConfigureOptions<SocketTransportOptions>
{
    public void Configure(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        options.AllowSynchronousIO = false;
        options.AllowHostHeaderOverride = true; // of an absolute target its own host counts (RFC 9112, 3.2.2)
        options.RequestHeaderEncodingSelector = HeaderEncodings.Of;

        // A body may have any size and take any time; idle ones are ended where they are read.
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.MaxRequestBufferSize = 4 * ReceiveBlocks.LargeBytes; // one block to store while others fill

        options.Limits.MaxRequestLineSize = limits.Value.RequestLineBytes;
        options.Limits.MaxRequestHeadersTotalSize = limits.Value.HeadersBytes;
        options.Limits.MaxRequestHeaderCount = limits.Value.HeadersCount;
        options.Limits.RequestHeadersTimeout = limits.Value.HeadersTimeout;
        options.Limits.KeepAliveTimeout = limits.Value.KeepAliveTimeout;
        options.Limits.MaxConcurrentConnections = limits.Value.Connections;

        ApiListener.Configure(options.Limits.Http2, limits.Value);

        options.ListenAnyIP(address.Value.Port, api.Configure);
    }

    public void Configure(SocketTransportOptions options) => options.CreateBoundListenSocket = sockets.Take;
}
