namespace Dex.UploadServer.Storage.Objects;

/// <summary>The memory of all parts, those of uploads and those of deliveries: the bound to it, and what it takes now (docs/adr/0016).</summary>
/// <remarks>Each has a share of its own, so that neither can starve the other, and keeps what it needs again. What it does not is given up for both.</remarks>
internal sealed class PartArrays : IDisposable
{
    private static readonly TimeSpan TrimEvery = TimeSpan.FromSeconds(20);

    private readonly Lock _gate = new();
    private readonly List<KeptArrays> _shares = [];
    private readonly ITimer _trim;

    public PartArrays(TimeProvider clock) =>
        _trim = clock.CreateTimer(static arrays => ((PartArrays)arrays!).Trim(), this, TrimEvery, TrimEvery);

    /// <summary>Bytes that all shares have together.</summary>
    public long Bound => Sum(static share => share.Bound);

    /// <summary>Bytes that are lent, or kept for the next. More than <see cref="Bound"/> only by parts that deliveries have beyond their share.</summary>
    public long Allocated => Sum(static share => share.Allocated);

    /// <param name="bound">Bytes of the share.</param>
    /// <param name="length">That of the arrays it usually lends; others are not kept.</param>
    public KeptArrays Open(long bound, int length)
    {
        var share = new KeptArrays(bound, length);
        lock (_gate)
            _shares.Add(share);
        return share;
    }

    /// <summary>Gives up what nobody needed since the last time.</summary>
    public void Trim()
    {
        lock (_gate)
            _shares.ForEach(static share => share.Trim());
    }

    public void Dispose() => _trim.Dispose();

    private long Sum(Func<KeptArrays, long> of)
    {
        lock (_gate)
            return _shares.Sum(of);
    }
}

/// <summary>Arrays of one user of <see cref="PartArrays"/>.</summary>
/// <remarks>What is given back is kept, even beyond the bound: large arrays that come and go would wait for the garbage collector by the hundred.</remarks>
internal sealed class KeptArrays(long bound, int length)
{
    private readonly Lock _gate = new();
    private readonly Stack<byte[]> _kept = new();
    private long _allocated;
    private int _unneeded;

    public long Bound => bound;

    public long Allocated
    {
        get
        {
            lock (_gate)
                return _allocated;
        }
    }

    /// <summary>An array of this length; its content is whatever was in it.</summary>
    public byte[] Take(int bytes)
    {
        lock (_gate)
        {
            if (bytes == length && _kept.TryPop(out var kept))
            {
                _unneeded = Math.Min(_unneeded, _kept.Count);
                return kept;
            }

            _allocated += bytes;
        }

        return GC.AllocateUninitializedArray<byte>(bytes);
    }

    public void GiveBack(byte[] array)
    {
        lock (_gate)
            KeepOrDrop(array);
    }

    public void GiveBack(List<byte[]> arrays)
    {
        lock (_gate)
            arrays.ForEach(KeepOrDrop);
    }

    public void Trim()
    {
        lock (_gate)
        {
            for (; _unneeded > 0; _unneeded--)
                _allocated -= _kept.Pop().Length;
            _unneeded = _kept.Count;
        }
    }

    private void KeepOrDrop(byte[] array)
    {
        if (array.Length == length)
            _kept.Push(array);
        else
            _allocated -= array.Length;
    }
}
