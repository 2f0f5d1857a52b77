using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dex.Bench.Hosts;

/// <summary>Stands before another HTTP server and answers each request later than that does.</summary>
internal static class LatencyHost
{
    public static WebApplication Build(Uri server, TimeSpan latency)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
        var app = BareKestrel.CreateBuilder(static _ => { }).Build();
        app.Run(async context =>
        {
            await Task.Delay(latency, context.RequestAborted);
            using var request = NewRequest(context, server);
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
            {
                if (!name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
                    context.Response.Headers.Append(name, values.ToArray());
            }

            if (!HttpMethods.IsHead(context.Request.Method))
                await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        });
        return app;
    }

    // The signature covers path, query and Host as they came.
    private static HttpRequestMessage NewRequest(HttpContext context, Uri server)
    {
        var path = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(server.AbsoluteUri.TrimEnd('/') + path));
        if (context.Request.ContentLength is not null)
            request.Content = new StreamContent(context.Request.Body, 256 * 1024);
        foreach (var (name, values) in context.Request.Headers)
        {
            if (!name.Equals("Expect", StringComparison.OrdinalIgnoreCase) && !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        return request;
    }
}
