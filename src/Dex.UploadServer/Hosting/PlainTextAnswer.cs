namespace Dex.UploadServer.Hosting;

/// <summary>An error as people and scripts read it (spec: http-api.md 1).</summary>
internal static class PlainTextAnswer
{
    public static Task WriteAsync(HttpContext http, int status, ReadOnlySpan<byte> text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.ContentLength = text.Length;
        if (http.Request.Method == HttpMethods.Head)
            return Task.CompletedTask;
        var writer = http.Response.BodyWriter;
        text.CopyTo(writer.GetSpan(text.Length));
        writer.Advance(text.Length);
        return writer.FlushAsync(http.RequestAborted).AsTask();
    }
}
