using System.Globalization;
using Dex.Tus.Lifecycle;
using Dex.Tus.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dex.Tus.Dialects;

/// <summary>Writes refusals: status, headers and body as spec tus.md 2 (H3) and 12 have them.</summary>
internal static class Answers
{
    private const string PlainText = "text/plain; charset=utf-8";

    /// <summary>A protocol error; on <c>HEAD</c> without its body.</summary>
    public static ValueTask WriteErrorAsync(HttpContext http, TusMetrics metrics, TusError error)
    {
        metrics.Refused(error.StatusCode, error.Code);
        if (error.StatusCode == 460 && http.Features.Get<IHttpResponseFeature>() is { } response)
            response.ReasonPhrase = "Checksum Mismatch"; // the framework has none for 460
        return WriteAsync(http, error.StatusCode, PlainText, error.Body);
    }

    /// <summary>A protocol error whose body is a problem document (RFC 9457).</summary>
    public static ValueTask WriteProblemAsync(HttpContext http, TusMetrics metrics, TusError error, ReadOnlyMemory<byte> problem)
    {
        metrics.Refused(error.StatusCode, error.Code);
        return WriteAsync(http, error.StatusCode, DraftProblems.ContentType, problem);
    }

    /// <summary>The host's refusal of a creation.</summary>
    public static ValueTask WriteRefusalAsync(HttpContext http, TusMetrics metrics, CreationRefusal refusal)
    {
        metrics.Refused(refusal.StatusCode, refusal.StatusCode >= 500 ? "ERR_INTERNAL_SERVER_ERROR" : "ERR_UPLOAD_REJECTED");
        return WriteAsync(http, refusal.StatusCode, refusal.ContentType, refusal.Body);
    }

    /// <summary>A client that does too much at once: 503, since clients give up on 429 (ER1, X5).</summary>
    public static ValueTask WriteBusyAsync(HttpContext http, TusMetrics metrics, TimeSpan retryAfter)
    {
        http.Response.Headers.RetryAfter = Number((long)Math.Ceiling(retryAfter.TotalSeconds));
        if (http.Request.Headers.ContainsKey(TusHeaders.Resumable))
            http.Response.Headers[TusHeaders.Resumable] = TusHeaders.SupportedVersion;
        return WriteErrorAsync(http, metrics, TusErrors.TooManyRequests);
    }

    /// <summary>405, whose body has no line end (R4).</summary>
    public static ValueTask WriteMethodNotAllowedAsync(HttpContext http, bool isCollection)
    {
        http.Response.Headers.Allow = isCollection ? "POST" : "GET, HEAD, PATCH, DELETE";
        return WriteAsync(http, StatusCodes.Status405MethodNotAllowed, PlainText, "method not allowed"u8.ToArray());
    }

    private static async ValueTask WriteAsync(HttpContext http, int statusCode, string contentType, ReadOnlyMemory<byte> body)
    {
        var response = http.Response;
        response.StatusCode = statusCode;
        response.ContentType = contentType;
        response.Headers.ContentLength = body.Length;
        if (http.Request.Headers.Expect.Count > 0)
            response.Headers.Connection = "close"; // a body nobody asked for is not waited for
        if (http.Request.Method != HttpMethods.Head)
            await response.Body.WriteAsync(body, CancellationToken.None);
    }

    /// <summary>Says when the upload expires, if it does (EX1).</summary>
    public static void WriteExpiry(HttpContext http, UploadExpiration expiration, Upload upload)
    {
        if (expiration.EndOf(upload) is { } end)
            http.Response.Headers[TusHeaders.UploadExpires] = end.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>An offset or length as a header value.</summary>
    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
