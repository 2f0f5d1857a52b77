namespace Dex.UploadServer.Storage.Objects;

/// <summary>
/// Sends a small body without asking for permission first. The client sends one of up to 1 KiB even if the answer was an error, as it may;
/// but then a server that thinks it was never sent (Ceph's gateway) takes it for the start of the next request. And to ask costs a round trip.
/// </summary>
internal sealed class PlainRequests(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const int SmallBytes = 16 * 1024;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content?.Headers.ContentLength <= SmallBytes)
            request.Headers.ExpectContinue = null;
        return base.SendAsync(request, cancellationToken);
    }
}
