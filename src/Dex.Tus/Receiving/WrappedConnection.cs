using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Dex.Tus.Receiving;

/// <summary>Another connection with an input of its own: it counts as closed when that input has ended, not when the other's has.</summary>
internal abstract class WrappedConnection : ConnectionContext, IDuplexPipe
{
    private readonly CancellationTokenSource _closed = new();
    private int _ended;

    protected WrappedConnection(ConnectionContext inner)
    {
        Inner = inner;
        Output = inner.Transport.Output;
        Transport = this;
    }

    public abstract PipeReader Input { get; }

    public PipeWriter Output { get; }

    public sealed override IDuplexPipe Transport { get; set; }

    public override CancellationToken ConnectionClosed { get => _closed.Token; set => Inner.ConnectionClosed = value; }

    public override string ConnectionId { get => Inner.ConnectionId; set => Inner.ConnectionId = value; }

    public override IFeatureCollection Features => Inner.Features;

    public override IDictionary<object, object?> Items { get => Inner.Items; set => Inner.Items = value; }

    public override EndPoint? LocalEndPoint { get => Inner.LocalEndPoint; set => Inner.LocalEndPoint = value; }

    public override EndPoint? RemoteEndPoint { get => Inner.RemoteEndPoint; set => Inner.RemoteEndPoint = value; }

    protected ConnectionContext Inner { get; }

    protected bool HasInputEnded => Volatile.Read(ref _ended) != 0;

    public override void Abort(ConnectionAbortedException abortReason) => Inner.Abort(abortReason);

    public override void Abort() => Inner.Abort();

    public override async ValueTask DisposeAsync()
    {
        OnInputEnded();
        await _closed.CancelAsync();
        _closed.Dispose();
        await base.DisposeAsync(); // the transport itself is closed by whoever opened it
    }

    protected void OnInputEnded()
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
