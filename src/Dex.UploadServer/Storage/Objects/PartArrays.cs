namespace Dex.UploadServer.Storage.Objects;

/// <summary>The memory that parts lie in, those of uploads and those of deliveries: what one gives back is there for the next, whoever it is (docs/adr/0016).</summary>
/// <remarks>
/// Who may have how much is the business of <see cref="PartPool"/> and <see cref="PartMemory"/>, each within a share of its own, so that neither can starve the other.
/// What is lent and what is kept for the next never exceed both shares together, but for parts that a delivery has beyond its share.
/// </remarks>
internal sealed class PartArrays : IDisposable
{
    private static readonly TimeSpan TrimEvery = TimeSpan.FromSeconds(20);

    private readonly Lock _gate = new();
    private readonly List<Kept> _kinds = [];
    private readonly ITimer _trim;
    private long _bound;
    private long _allocated;

    public PartArrays(TimeProvider clock) =>
        _trim = clock.CreateTimer(static arrays => ((PartArrays)arrays!).Trim(), this, TrimEvery, TrimEvery);

    /// <summary>Bytes of all shares.</summary>
    public long Bound
    {
        get
        {
            lock (_gate)
                return _bound;
        }
    }

    /// <summary>Bytes that are lent or kept.</summary>
    public long Allocated
    {
        get
        {
            lock (_gate)
                return _allocated;
        }
    }

    /// <summary>Raises the bound by one user's share.</summary>
    /// <param name="length">That of the arrays it usually takes; others are not kept.</param>
    public void AddShare(long bytes, int length)
    {
        lock (_gate)
        {
            _bound += bytes;
            if (KindOf(length) is null)
                _kinds.Add(new Kept(length));
        }
    }

    /// <summary>An array of this length; its content is whatever was in it.</summary>
    public byte[] Take(int length)
    {
        lock (_gate)
        {
            if (KindOf(length) is { } kind && kind.TryTake(out var kept))
                return kept;
            MakeRoom(length);
            _allocated += length;
        }

        return GC.AllocateUninitializedArray<byte>(length);
    }

    public void GiveBack(byte[] array)
    {
        lock (_gate)
            KeepOrDrop(array);
    }

    public void GiveBack(IReadOnlyList<byte[]> arrays)
    {
        lock (_gate)
        {
            for (var i = 0; i < arrays.Count; i++)
                KeepOrDrop(arrays[i]);
        }
    }

    /// <summary>Gives up the memory that nobody needed since the last time.</summary>
    public void Trim()
    {
        lock (_gate)
        {
            foreach (var kind in _kinds)
                _allocated -= kind.DropUnneeded();
        }
    }

    public void Dispose() => _trim.Dispose();

    private void KeepOrDrop(byte[] array)
    {
        if (_allocated <= _bound && KindOf(array.Length) is { } kind)
            kind.Keep(array);
        else
            _allocated -= array.Length;
    }

    // What is kept gives way to what is needed.
    private void MakeRoom(int length)
    {
        foreach (var kind in _kinds)
        {
            while (_allocated + length > _bound && kind.TryTake(out var kept))
                _allocated -= kept.Length;
        }
    }

    private Kept? KindOf(int length)
    {
        foreach (var kind in _kinds)
        {
            if (kind.Length == length)
                return kind;
        }

        return null;
    }

    private sealed class Kept(int length)
    {
        private readonly Stack<byte[]> _arrays = new();
        private int _unneeded;

        public int Length => length;

        public void Keep(byte[] array) => _arrays.Push(array);

        public bool TryTake([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out byte[] array)
        {
            var found = _arrays.TryPop(out array);
            _unneeded = Math.Min(_unneeded, _arrays.Count);
            return found;
        }

        /// <returns>Their bytes.</returns>
        public long DropUnneeded()
        {
            var dropped = _unneeded;
            for (var left = dropped; left > 0; left--)
                _arrays.Pop();
            _unneeded = _arrays.Count;
            return (long)dropped * length;
        }
    }
}
