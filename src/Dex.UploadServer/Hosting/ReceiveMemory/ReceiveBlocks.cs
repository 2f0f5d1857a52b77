using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting.ReceiveMemory;

/// <summary>The blocks that sockets are read into: large ones within a budget of the whole process, small ones beyond it.</summary>
/// <remarks>
/// One large read and one large write cost a third of the processor time of many small ones. A connection holds a block only
/// while it holds unread bytes, so the budget is shared by those that are busy. Blocks that stay unused are given up in time.
/// </remarks>
internal sealed class ReceiveBlocks : IDisposable
{
    /// <summary>Bytes of a large block.</summary>
    public const int LargeBytes = 1024 * 1024;

    /// <summary>Bytes of a small block.</summary>
    public const int SmallBytes = 4096;

    private const int MostSmallKept = 4096;
    private static readonly TimeSpan TrimEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Stack<byte[]> _large = new();
    private readonly Stack<byte[]> _small = new();
    private readonly int _mostLarge;
    private readonly ITimer _trim;
    private int _largeMade;
    private int _leastUnused;
    private int _leastSmallUnused;

    public ReceiveBlocks(IOptions<ReceiveMemoryOptions> options, TimeProvider clock)
    {
        _mostLarge = (int)(options.Value.BudgetBytes / LargeBytes);
        _trim = clock.CreateTimer(static blocks => ((ReceiveBlocks)blocks!).Trim(), this, TrimEvery, TrimEvery);
    }

    /// <summary>Large blocks there are, in use or not.</summary>
    public int LargeCount
    {
        get
        {
            lock (_gate)
                return _largeMade;
        }
    }

    /// <summary>The largest block that may be had now; at least a small one.</summary>
    public byte[] Take()
    {
        lock (_gate)
        {
            if (_large.TryPop(out var large))
            {
                _leastUnused = Math.Min(_leastUnused, _large.Count);
                return large;
            }

            _leastUnused = 0;
            if (_largeMade >= _mostLarge)
                return TakeSmall();
            _largeMade++;
        }

        return Allocate(LargeBytes);
    }

    /// <summary>Gives a block back, once.</summary>
    public void Return(byte[] block)
    {
        lock (_gate)
        {
            if (block.Length == LargeBytes)
                _large.Push(block);
            else if (_small.Count < MostSmallKept)
                _small.Push(block);
        }
    }

    /// <summary>Gives up the blocks that nobody needed since the last time.</summary>
    public void Trim()
    {
        lock (_gate)
        {
            for (var unused = Math.Min(_leastUnused, _large.Count); unused > 0; unused--)
            {
                _large.Pop();
                _largeMade--;
            }

            _leastUnused = _large.Count;
            for (var unused = Math.Min(_leastSmallUnused, _small.Count); unused > 0; unused--)
                _small.Pop();
            _leastSmallUnused = _small.Count;
        }
    }

    public void Dispose() => _trim.Dispose();

    private byte[] TakeSmall()
    {
        if (!_small.TryPop(out var small))
            small = Allocate(SmallBytes);
        _leastSmallUnused = Math.Min(_leastSmallUnused, _small.Count);
        return small;
    }

    // Pinned, so that the kernel can write into it without fixing it each time.
    private static byte[] Allocate(int bytes) => GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
}
