using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Dex.Tus.Receiving;

/// <summary>A connection whose client may end its sending half without the connection counting as lost.</summary>
internal sealed class HalfCloseConnection : WrappedConnection, IInterimResponseFeature
{
    // How long an answer to a client that has ended its sending half may take to leave before the connection is cut.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    private Timer? _cut;

    public HalfCloseConnection(ConnectionContext inner) : base(inner)
    {
        var input = new HalfClosePipeReader(inner.Transport.Input, OnInputEnded);
        Input = input;
        inner.Features.Set<IInputEndFeature>(input);
        inner.Features.Set<IInterimResponseFeature>(this);
    }

    public override PipeReader Input { get; }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> head, CancellationToken cancellationToken) =>
        await Output.WriteAsync(head, cancellationToken);

    public override void Abort(ConnectionAbortedException abortReason)
    {
        // Kestrel cuts the connection when it sees a FIN inside a body; the answer written just before must still leave.
        if (HasInputEnded)
            _cut ??= new Timer(static connection => ((ConnectionContext)connection!).Abort(), Inner, LastWords, Timeout.InfiniteTimeSpan);
        else
            base.Abort(abortReason);
    }
}
