using System.Net;
using Amazon.Runtime;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>The HTTP client of one account: bounded connections, and patience with each request instead of a time limit.</summary>
internal sealed class S3HttpClient(StoreCallOptions options, TimeProvider clock) : HttpClientFactory, IDisposable
{
    // Less than servers keep idle connections, so that a request seldom meets one that was just closed.
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(20);

    private readonly HttpClient _client = new(new S3PlainRequests(new StallGuard(options.ProgressTimeout, clock, new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = options.ConnectTimeout,
        MaxConnectionsPerServer = options.MaxConnections,
        PooledConnectionIdleTimeout = s_idle,
        UseCookies = false,
    })))
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => _client;

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    public void Dispose() => _client.Dispose();
}
