using System.Net;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>HTTP clients for one account of an object store: bounded connections, and patience with each request instead of a time limit.</summary>
internal static class StoreHttp
{
    // Less than servers keep idle connections, so that a request seldom meets one that was just closed.
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(20);

    public static HttpClient NewClient(StoreCallOptions options, TimeProvider clock) => new(new PlainRequests(new StallGuard(options.ProgressTimeout, clock, new SocketsHttpHandler
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
}
