namespace Dex.UploadServer.Storage.Objects;

/// <summary>Remembers that a store does not copy by itself, so that it is not asked again soon.</summary>
internal sealed class RefusedCopies(TimeProvider clock)
{
    private static readonly TimeSpan s_memory = TimeSpan.FromMinutes(10);

    private long _at;
    private volatile bool _areKnown;

    public bool AreRecent => _areKnown && clock.GetElapsedTime(Volatile.Read(ref _at)) < s_memory;

    public void Note()
    {
        Volatile.Write(ref _at, clock.GetTimestamp());
        _areKnown = true;
    }
}
