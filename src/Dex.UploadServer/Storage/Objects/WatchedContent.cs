using System.Net;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>A request's content that tells its watch of every piece that was taken from it.</summary>
internal sealed class WatchedRequest : HttpContent
{
    private readonly HttpContent _content;
    private readonly StallWatch _watch;

    public WatchedRequest(HttpContent content, StallWatch watch)
    {
        (_content, _watch) = (content, watch);
        CopyHeaders.From(content, this);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _content.CopyToAsync(new WatchedStream(stream, _watch, ownsWatch: false), context, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = _content.Headers.ContentLength ?? 0;
        return _content.Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _content.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>An answer's content, under watch until it is disposed.</summary>
internal sealed class WatchedResponse : HttpContent
{
    private readonly HttpContent _content;
    private readonly StallWatch _watch;

    public WatchedResponse(HttpContent content, StallWatch watch)
    {
        (_content, _watch) = (content, watch);
        CopyHeaders.From(content, this);
    }

    protected override async Task<Stream> CreateContentReadStreamAsync() =>
        new WatchedStream(await _content.ReadAsStreamAsync(), _watch, ownsWatch: true);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await using var content = await CreateContentReadStreamAsync();
        await content.CopyToAsync(stream);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _content.Headers.ContentLength ?? 0;
        return _content.Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _watch.Dispose();
            _content.Dispose();
        }

        base.Dispose(disposing);
    }
}

file static class CopyHeaders
{
    public static void From(HttpContent from, HttpContent to)
    {
        foreach (var (name, values) in from.Headers.NonValidated)
            to.Headers.TryAddWithoutValidation(name, values);
    }
}
