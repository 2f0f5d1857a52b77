using System.IO.Pipelines;
using Dex.Testing;
using Dex.Tus.Receiving;

namespace Dex.Tus.Tests.Receiving;

/// <summary>spec: tus.md 15.</summary>
public sealed class IncomingBodyTests
{
    [Fact]
    [Rule("BR3")]
    public async Task BR3_a_stop_that_comes_after_the_request_is_over_harms_nobody()
    {
        using var body = new IncomingBody(new ClosedReader(), 10, 10, TimeSpan.FromSeconds(60), TimeProvider.System);

        body.Stop(BodyEnd.Displaced); // on a timer or the pool, what it throws would end the process
        var read = await body.ReadAsync();

        Assert.True(read.IsEmpty);
        Assert.Equal(BodyEnd.Displaced, body.End);
    }

    [Fact]
    [Rule("DR19")]
    public async Task DR19_bytes_that_a_store_has_taken_and_not_stored_yet_are_not_told()
    {
        var clock = new ManualClock();
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(new byte[10], TestContext.Current.CancellationToken);
        var told = new List<long>();
        using var body = new IncomingBody(pipe.Reader, 100, null, TimeSpan.FromSeconds(60), clock) { OnProgress = told.Add };

        await body.ReadAsync();
        clock.Advance(TimeSpan.FromSeconds(2));
        body.Unsettled = 7;
        body.Advance(10);

        Assert.Equal([3], told);
    }

    /// <summary>As a server's body reader behaves once its request is over.</summary>
    private sealed class ClosedReader : PipeReader
    {
        public override void CancelPendingRead() => throw new ObjectDisposedException("body");

        public override bool TryRead(out ReadResult result) => throw new ObjectDisposedException("body");

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => throw new ObjectDisposedException("body");

        public override void AdvanceTo(SequencePosition consumed) => throw new ObjectDisposedException("body");

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => throw new ObjectDisposedException("body");

        public override void Complete(Exception? exception = null)
        {
        }
    }
}
