namespace Dex.UploadServer.Telemetry.Logs;

/// <summary>Carries finished log lines to a stream: callers only copy into memory, one thread writes all that has gathered at once.</summary>
/// <remarks>No line is lost: when too much waits, the caller does. What waits is written on disposal, and when the process exits or crashes.</remarks>
internal sealed class LogWriter : IDisposable
{
    private const int MostBytesWaiting = 512 * 1024;
    private const int BytesKept = 256 * 1024;

    // Lines come in bursts; waking the thread for each would cost more than the line.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(5);
    private const int BytesEnough = 64 * 1024;

    // How long a stuck reader of the log may hold up the end of the process.
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(5);

    private readonly Stream _output;
    private readonly Thread _thread;
    private readonly object _gate = new();
    private byte[] _waiting = new byte[BytesKept];
    private byte[] _writing = new byte[BytesKept];
    private int _waitingLength;
    private bool _writingNow;
    private bool _hurry;
    private bool _stopping;

    public LogWriter(Stream output)
    {
        _output = output;
        _thread = new Thread(WriteLoop) { IsBackground = true, Name = "log writer" };
        _thread.Start();
        AppDomain.CurrentDomain.ProcessExit += OnProcessEnds;
        AppDomain.CurrentDomain.UnhandledException += OnProcessEnds;
    }

    /// <summary>Takes one line, its line break included. Returns as soon as it is copied, unless too much waits.</summary>
    public void Write(ReadOnlySpan<byte> line)
    {
        lock (_gate)
        {
            while (_waitingLength > 0 && _waitingLength + line.Length > MostBytesWaiting && !_stopping)
            {
                _hurry = true;
                Monitor.PulseAll(_gate);
                Monitor.Wait(_gate);
            }

            if (_stopping)
            {
                // The thread is ending; late lines go out by themselves, after those before them.
                while (_writingNow || _waitingLength > 0)
                    Monitor.Wait(_gate);
                WriteOut(line);
                return;
            }

            EnsureRoom(line.Length);
            line.CopyTo(_waiting.AsSpan(_waitingLength));
            var before = _waitingLength;
            _waitingLength += line.Length;
            if (before == 0 || (before < BytesEnough && _waitingLength >= BytesEnough))
                Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits until all lines taken so far are written, or the time is over.</summary>
    public void Flush(TimeSpan patience)
    {
        var end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        lock (_gate)
        {
            while (_waitingLength > 0 || _writingNow)
            {
                _hurry = true;
                Monitor.PulseAll(_gate);
                var left = end - Environment.TickCount64;
                if (left <= 0 || !Monitor.Wait(_gate, TimeSpan.FromMilliseconds(left)))
                    return;
            }
        }
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessEnds;
        AppDomain.CurrentDomain.UnhandledException -= OnProcessEnds;
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }

        _thread.Join(FarewellPatience);
    }

    private void OnProcessEnds(object? sender, EventArgs ending) => Flush(FarewellPatience);

    private void WriteLoop()
    {
        while (true)
        {
            int length;
            lock (_gate)
            {
                _writingNow = false;
                Monitor.PulseAll(_gate);
                while (_waitingLength == 0)
                {
                    if (_stopping)
                        return;
                    Monitor.Wait(_gate);
                    if (_waitingLength is > 0 and < BytesEnough && !_stopping && !_hurry)
                        Monitor.Wait(_gate, Gathering);
                }

                _hurry = false;
                (_waiting, _writing) = (_writing, _waiting);
                length = _waitingLength;
                _waitingLength = 0;
                _writingNow = true;
                Monitor.PulseAll(_gate);
            }

            WriteOut(_writing.AsSpan(0, length));

            // Given back once it is quiet again, not between two bursts.
            if (_writing.Length > BytesKept && length < BytesKept)
                _writing = new byte[BytesKept];
        }
    }

    private void WriteOut(ReadOnlySpan<byte> lines)
    {
        try
        {
            _output.Write(lines);
            _output.Flush();
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // Nobody reads the log any more, and there is no other place to say so; the server goes on.
        }
    }

    private void EnsureRoom(int more)
    {
        var needed = _waitingLength + more;
        if (needed <= _waiting.Length)
            return;
        var larger = new byte[Math.Max(needed, Math.Min(_waiting.Length * 2, MostBytesWaiting))];
        _waiting.AsSpan(0, _waitingLength).CopyTo(larger);
        _waiting = larger;
    }
}
