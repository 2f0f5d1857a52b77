using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Azure;
using Azure.Storage.Blobs.Specialized;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Dex.Testing;

/// <summary>Stands before a blob service that fetches blocks from itself only, and fetches them from anywhere, as Azure does; everything else it passes on.</summary>
public sealed class FetchingBlobService : IAsyncDisposable
{
    private readonly AzureService _store;
    private readonly WebApplication _app;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });

    private FetchingBlobService(AzureService store)
    {
        _store = store;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Where clients reach it; the account is <see cref="AzureService.Of"/> it.</summary>
    public Uri Address => new(_app.Urls.Single());

    public static async Task<FetchingBlobService> StartAsync(AzureService store, CancellationToken cancellationToken)
    {
        var service = new FetchingBlobService(store);
        await service._app.StartAsync(cancellationToken);
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _client.Dispose();
    }

    private Task AnswerAsync(HttpContext http) =>
        http.Request.Headers.ContainsKey("x-ms-copy-source") ? FetchAsync(http) : PassAsync(http);

    private async Task FetchAsync(HttpContext http)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, http.Request.Headers["x-ms-copy-source"].ToString());
        request.Headers.Range = RangeHeaderValue.Parse(http.Request.Headers["x-ms-source-range"].ToString());
        try
        {
            using var source = await _client.SendAsync(request, http.RequestAborted);
            source.EnsureSuccessStatusCode();
            var path = Uri.UnescapeDataString(http.Request.Path.Value!).Split('/', 4);
            await _store.Service.GetBlobContainerClient(path[2]).GetBlockBlobClient(path[3]).StageBlockAsync(
                http.Request.Query["blockid"].ToString(), new MemoryStream(await source.Content.ReadAsByteArrayAsync(http.RequestAborted)), cancellationToken: http.RequestAborted);
            http.Response.StatusCode = (int)HttpStatusCode.Created;
        }
        catch (RequestFailedException refused)
        {
            await RefuseAsync(http, refused.Status, refused.ErrorCode ?? "");
        }
        catch (HttpRequestException)
        {
            await RefuseAsync(http, (int)HttpStatusCode.NotFound, "CannotVerifyCopySource");
        }
    }

    private static async Task RefuseAsync(HttpContext http, int status, string code)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/xml";
        http.Response.Headers["x-ms-error-code"] = code;
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"<Error><Code>{code}</Code><Message>by the test</Message></Error>"), http.RequestAborted);
    }

    // What is signed stays as it came: host, path, query and headers.
    private async Task PassAsync(HttpContext http)
    {
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        using var request = new HttpRequestMessage(new HttpMethod(http.Request.Method), new Uri($"{_store.Endpoint.GetLeftPart(UriPartial.Authority)}{target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (http.Request.ContentLength is > 0)
            request.Content = new StreamContent(http.Request.Body);
        else if (http.Request.Method == "PUT")
            request.Content = new ByteArrayContent([]);
        foreach (var (name, values) in http.Request.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, values.ToArray()))
                request.Content?.Headers.TryAddWithoutValidation(name, values.ToArray());
        }

        using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, http.RequestAborted);
        http.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
            http.Response.Headers[name] = values.ToArray();
        http.Response.Headers.Remove("Transfer-Encoding");
        await answer.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
    }
}
