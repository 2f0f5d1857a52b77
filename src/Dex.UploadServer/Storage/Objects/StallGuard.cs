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
            watch.Pause();
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
