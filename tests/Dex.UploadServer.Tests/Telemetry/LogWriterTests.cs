using System.Text;
using Dex.UploadServer.Telemetry.Logs;

namespace Dex.UploadServer.Tests.Telemetry;

public sealed class LogWriterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task No_line_is_lost_or_torn_when_many_threads_outrun_a_slow_reader()
    {
        using var output = new GatedStream();
        var writer = new LogWriter(output);
        var line = new byte[64 * 1024];
        line.AsSpan().Fill((byte)'x');
        line[^1] = (byte)'\n';

        // 8 × 40 × 64 KiB is several times what may wait, so that all callers stand still until the reader moves.
        var callers = Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (var index = 0; index < 40; index++)
                    writer.Write(line);
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        var all = Task.WhenAll(callers);
        output.WaitForFirstWrite(Patience);
        Assert.False(all.IsCompleted);
        output.Open();
        await all.WaitAsync(Patience, TestContext.Current.CancellationToken);
        writer.Dispose();

        var lines = Encoding.ASCII.GetString(output.Written).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(8 * 40, lines.Length);
        Assert.All(lines, text => Assert.Equal(line.Length - 1, text.Length));
    }

    [Fact]
    public void Lines_written_after_disposal_still_arrive_and_in_order()
    {
        using var output = new MemoryStream();
        var writer = new LogWriter(output);

        writer.Write("one\n"u8);
        writer.Dispose();
        writer.Write("two\n"u8);

        Assert.Equal("one\ntwo\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void A_reader_that_went_away_does_not_disturb_the_callers()
    {
        var output = new MemoryStream();
        output.Dispose();
        using var writer = new LogWriter(output);

        writer.Write("one\n"u8);
        writer.Flush(Patience);
        writer.Write("two\n"u8);
    }

    /// <summary>Holds every write until it is opened.</summary>
    private sealed class GatedStream : MemoryStream
    {
        private readonly ManualResetEventSlim _open = new();
        private readonly ManualResetEventSlim _writing = new();

        public byte[] Written => ToArray();

        public void Open() => _open.Set();

        public void WaitForFirstWrite(TimeSpan patience) => Assert.True(_writing.Wait(patience));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _writing.Set();
            Assert.True(_open.Wait(Patience));
            base.Write(buffer);
        }

        protected override void Dispose(bool disposing)
        {
            _open.Dispose();
            _writing.Dispose();
            base.Dispose(disposing);
        }
    }
}
