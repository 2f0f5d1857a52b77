using System.IO.Pipelines;
using System.Text;
using Dex.Testing;
using Dex.Tus.Receiving;

namespace Dex.Tus.Tests.Receiving;

/// <summary>spec: tus.md BR4.</summary>
public sealed class HalfClosePipeReaderTests
{
    [Fact]
    [Rule("BR4")]
    public async Task A_FIN_inside_chunks_that_nobody_listens_for_waits_for_the_next_who_does()
    {
        var (pipe, ended, told) = (new Pipe(), false, false);
        var reader = new HalfClosePipeReader(pipe.Reader, () => ended = true);
        reader.FollowChunks();
        var receiving = reader.Listen(() => { });
        await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes("9\r\nhello"), TestContext.Current.CancellationToken);
        reader.AdvanceTo((await reader.ReadAsync(TestContext.Current.CancellationToken)).Buffer.End);

        receiving.Dispose(); // the body was refused, and its answer is being written
        var next = reader.ReadAsync(TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        Assert.False(next.IsCompleted);
        using var draining = reader.Listen(() => told = true);
        await Eventually.TrueAsync(() => Volatile.Read(ref told));

        Assert.False(ended);
        reader.EndInput();
        Assert.True((await next).IsCanceled);
    }

    [Fact]
    [Rule("BR4")]
    public async Task A_FIN_behind_the_last_chunk_is_the_end()
    {
        var (pipe, ended) = (new Pipe(), false);
        var reader = new HalfClosePipeReader(pipe.Reader, () => ended = true);
        reader.FollowChunks();
        var receiving = reader.Listen(() => { });
        await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes("5\r\nhello\r\n0\r\n\r\n"), TestContext.Current.CancellationToken);
        reader.AdvanceTo((await reader.ReadAsync(TestContext.Current.CancellationToken)).Buffer.End);

        receiving.Dispose();
        await pipe.Writer.CompleteAsync();
        var end = await reader.ReadAsync(TestContext.Current.CancellationToken);

        Assert.Equal((true, true), (end.IsCompleted, ended));
    }
}
