using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Dex.Tus.Receiving.Http2;

/// <summary>An HTTP/2 connection whose end is told to the bodies on it before it is told to Kestrel.</summary>
internal sealed class Http2ConnectionContext : WrappedConnection
{
    public Http2ConnectionContext(ConnectionContext inner, TimeProvider clock) : base(inner)
    {
        var bodies = new Http2Bodies(clock);
        Input = new Http2PipeReader(inner.Transport.Input, bodies, OnInputEnded);
        inner.Features.Set(bodies);
    }

    public override PipeReader Input { get; }

    /// <summary>Tells when the body of this request ends early; null where the transport cannot.</summary>
    public static IInputEndFeature? InputEndOf(HttpContext http) =>
        http.Features.Get<Http2Bodies>() is { } bodies && http.Features.Get<IHttp2StreamIdFeature>() is { } stream
            ? bodies.Of(stream.StreamId)
            : http.Features.Get<IInputEndFeature>();
}
