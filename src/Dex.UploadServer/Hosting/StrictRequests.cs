using System.Buffers;
using Dex.Tus;
using Dex.Tus.Wire;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Refuses what the HTTP stack lets through and others on the way may read differently (spec: reliability.md S-7, I2).</summary>
internal sealed class StrictRequests(RequestDelegate next, IOptions<TusOptions> tus)
{
    // RFC 9110 5.6.2. The stack takes control characters and separators in a name as well.
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // All but the tab (RFC 9110 5.5).
    private static readonly SearchValues<char> ControlCharacters =
        SearchValues.Create([.. Enumerable.Range(0, 32).Where(code => code != '\t').Append(127).Select(code => (char)code)]);

    public Task InvokeAsync(HttpContext http)
    {
        if (!IsPlainlyFramed(http.Request) || !AreHeadersPlain(http.Request.Headers))
        {
            http.Response.Headers.Connection = "close"; // where this request ends is anybody's guess
            return RefuseAsync(http, StatusCodes.Status400BadRequest, "400 Bad Request\n"u8);
        }

        return IsServed(http.Request.Method) ? next(http) : RefuseAsync(http, StatusCodes.Status501NotImplemented, "501 Not Implemented\n"u8);
    }

    private Task RefuseAsync(HttpContext http, int statusCode, ReadOnlySpan<byte> body)
    {
        CrossOrigin.Apply(http, tus.Value, isPreflight: false); // or a browser would show a network error
        return PlainTextAnswer.WriteAsync(http, statusCode, body);
    }

    // The stack looks at the last coding only, so it would take "gzip, chunked", and chunks of HTTP/1.0, which knows none.
    private static bool IsPlainlyFramed(HttpRequest request) =>
        request.Headers.TransferEncoding is not { Count: > 0 } codings
        || (codings.Count == 1 && "chunked".Equals(codings[0], StringComparison.OrdinalIgnoreCase) && HttpProtocol.IsHttp11(request.Protocol));

    private static bool AreHeadersPlain(IHeaderDictionary headers)
    {
        foreach (var header in headers)
        {
            if (header.Key.AsSpan().ContainsAnyExcept(TokenCharacters))
                return false;
            foreach (var value in header.Value)
            {
                if (value.AsSpan().ContainsAny(ControlCharacters))
                    return false;
            }
        }

        return true;
    }

    // Methods are case-sensitive: "head" would be answered like HEAD, yet framed with a body. A tunnel is never given.
    private static bool IsServed(string method) =>
        HttpMethods.GetCanonicalizedValue(method) == method && !HttpMethods.IsConnect(method);
}
