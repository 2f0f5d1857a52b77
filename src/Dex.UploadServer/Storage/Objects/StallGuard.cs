using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Ends a request to a store that moves no byte for too long, in either direction; one that moves is never cut, however long it takes (spec: reliability.md 6).</summary>
internal sealed class StallGuard(TimeSpan patience, TimeProvider clock, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var watch = new StallWatch(patience, clock);
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, watch.Stalled);
            if (request.Content is { } content)
                request.Content = new WatchedRequest(content, watch);
            var response = await base.SendAsync(request, either.Token);
            watch.Moved();
            response.Content = new WatchedResponse(response.Content, watch);
            return response;
        }
        catch (Exception error)
        {
            var failure = watch.Explain(error, cancellationToken);
            watch.Dispose();
            if (failure == error)
                throw;
            throw failure;
        }
    }
}

/// <summary>One request's patience.</summary>
internal sealed class StallWatch : IDisposable
{
    private readonly CancellationTokenSource _stalled = new();
    private readonly Patience _patience;

    public StallWatch(TimeSpan patience, TimeProvider clock) => _patience = new Patience(patience, TimeSpan.Zero, _stalled, clock);

    public CancellationToken Stalled => _stalled.Token;

    public void Moved() => _patience.Report(0);

    /// <summary>What to throw for a failure: an <see cref="IOException"/> if it came from a lack of patience.</summary>
    public Exception Explain(Exception error, CancellationToken caller) =>
        _patience.Verdict is { } verdict && !caller.IsCancellationRequested ? new IOException(verdict, error) : error;

    public void Dispose()
    {
        _patience.Dispose();
        _stalled.Dispose();
    }
}
