using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Dex.Tus.Receiving.Http2;

/// <summary>An HTTP/2 connection whose end is told to the bodies on it before it is told to Kestrel.</summary>
internal sealed class Http2ConnectionContext : ConnectionContext, IDuplexPipe
{
    private readonly ConnectionContext _inner;
    private readonly CancellationTokenSource _closed = new();
    private int _ended;

    public Http2ConnectionContext(ConnectionContext inner, TimeProvider clock)
    {
        _inner = inner;
        var bodies = new Http2Bodies(clock);
        Input = new Http2PipeReader(inner.Transport.Input, bodies, OnInputEnded);
        Output = inner.Transport.Output;
        Transport = this;
        inner.Features.Set(bodies);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public override IDuplexPipe Transport { get; set; }

    public override CancellationToken ConnectionClosed { get => _closed.Token; set => _inner.ConnectionClosed = value; }

    public override string ConnectionId { get => _inner.ConnectionId; set => _inner.ConnectionId = value; }

    public override IFeatureCollection Features => _inner.Features;

    public override IDictionary<object, object?> Items { get => _inner.Items; set => _inner.Items = value; }

    public override EndPoint? LocalEndPoint { get => _inner.LocalEndPoint; set => _inner.LocalEndPoint = value; }

    public override EndPoint? RemoteEndPoint { get => _inner.RemoteEndPoint; set => _inner.RemoteEndPoint = value; }

    /// <summary>Tells when the body of this request ends early; null where the transport cannot.</summary>
    public static IInputEndFeature? InputEndOf(HttpContext http) =>
        http.Features.Get<Http2Bodies>() is { } bodies && http.Features.Get<IHttp2StreamIdFeature>() is { } stream
            ? bodies.Of(stream.StreamId)
            : http.Features.Get<IInputEndFeature>();

    public override void Abort(ConnectionAbortedException abortReason) => _inner.Abort(abortReason);

    public override void Abort() => _inner.Abort();

    public override async ValueTask DisposeAsync()
    {
        OnInputEnded();
        await _closed.CancelAsync();
        _closed.Dispose();
        await base.DisposeAsync(); // the transport itself is closed by whoever opened it
    }

    private void OnInputEnded()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.Close(), this, preferLocal: false);
    }

    private void Close()
    {
        try
        {
            _closed.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The connection was over before the news arrived.
        }
    }
}
