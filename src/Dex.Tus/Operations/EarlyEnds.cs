using Dex.Tus.Receiving;

namespace Dex.Tus.Operations;

/// <summary>Ends the reading of a body when the client leaves, another request wants the upload, or the server stops.</summary>
internal sealed class EarlyEnds : IAsyncDisposable
{
    private readonly IncomingBody _body;
    private readonly TimeSpan _gracePeriod;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _savingIsOver = new();
    private IDisposable? _left;
    private CancellationTokenRegistration _displaced;
    private CancellationTokenRegistration _shutDown;
    private ITimer? _grace;

    private EarlyEnds(IncomingBody body, TimeSpan gracePeriod, TimeProvider clock)
    {
        _body = body;
        _gracePeriod = gracePeriod;
        _clock = clock;
    }

    /// <summary>For the store, which keeps what has arrived all the same: fires the grace period after an early end, and not before one.</summary>
    public CancellationToken SavingIsOver => _savingIsOver.Token;

    public static EarlyEnds Listen(
        IncomingBody body, AppendRequest request, TimeSpan gracePeriod, TimeProvider clock, CancellationToken releaseRequested, CancellationToken stopping)
    {
        var ends = new EarlyEnds(body, gracePeriod, clock);
        body.OnCut = ends.BeginGrace;
        if (request.ContentLength is null)
            request.InputEnd?.FollowChunks();
        ends._left = request.InputEnd?.Listen(ends.Leave);
        ends._displaced = releaseRequested.UnsafeRegister(static body => ((IncomingBody)body!).Stop(BodyEnd.Displaced), body);
        ends._shutDown = stopping.UnsafeRegister(static body => ((IncomingBody)body!).Stop(BodyEnd.ShuttingDown), body);
        return ends;
    }

    // The source has no timer of its own and is left to the collector: the timer may be firing still.
    public async ValueTask DisposeAsync()
    {
        _grace?.Dispose();
        await _shutDown.DisposeAsync();
        await _displaced.DisposeAsync();
        _left?.Dispose();
    }

    private void Leave() => _body.Stop(BodyEnd.CutShort);

    private void BeginGrace() =>
        _grace = _clock.CreateTimer(static source => ((CancellationTokenSource)source!).Cancel(), _savingIsOver, _gracePeriod, Timeout.InfiniteTimeSpan);
}
