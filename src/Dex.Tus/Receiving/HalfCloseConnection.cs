using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Dex.Tus.Receiving;

/// <summary>A connection whose client may end its sending half without the connection counting as lost.</summary>
internal sealed class HalfCloseConnection : ConnectionContext, IDuplexPipe, IInterimResponseFeature
{
    private readonly ConnectionContext _inner;
    // How long an answer to a client that has ended its sending half may take to leave before the connection is cut.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _closed = new();
    private Timer? _cut;
    private int _ended;

    public HalfCloseConnection(ConnectionContext inner)
    {
        _inner = inner;
        var input = new HalfClosePipeReader(inner.Transport.Input, OnInputEnded);
        Input = input;
        Output = inner.Transport.Output;
        Transport = this;
        inner.Features.Set<IInputEndFeature>(input);
        inner.Features.Set<IInterimResponseFeature>(this);
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

    public async ValueTask SendAsync(ReadOnlyMemory<byte> head, CancellationToken cancellationToken) =>
        await Output.WriteAsync(head, cancellationToken);

    public override void Abort(ConnectionAbortedException abortReason)
    {
        // Kestrel cuts the connection when it sees a FIN inside a body; the answer written just before must still leave.
        if (Volatile.Read(ref _ended) != 0)
            _cut ??= new Timer(static connection => ((ConnectionContext)connection!).Abort(), _inner, LastWords, Timeout.InfiniteTimeSpan);
        else
            _inner.Abort(abortReason);
    }

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
