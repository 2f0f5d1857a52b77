using System.Net;

namespace Dex.UploadServer.Messaging.Brokers;

/// <summary>The HTTP of brokers: small calls, each with a bound (spec: reliability.md 9).</summary>
internal sealed class BrokerConnections : IDisposable
{
    /// <summary>Longer than any long poll.</summary>
    public static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(15);

    private const int MostAnswerBytes = 16 * 1024 * 1024; // ten messages of the largest size

    private static readonly TimeSpan s_connectLimit = TimeSpan.FromSeconds(5);

    // Less than servers keep idle connections, so that a request seldom meets one that was just closed.
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(20);

    private readonly SocketsHttpHandler _handler = new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = s_connectLimit,
        PooledConnectionIdleTimeout = s_idle,
        UseCookies = false,
    };

    /// <summary>A client over the shared connections, behind a handler that signs if there is one.</summary>
    public HttpClient NewClient(Func<HttpMessageHandler, HttpMessageHandler>? signing = null) => new(signing?.Invoke(_handler) ?? _handler, disposeHandler: false)
    {
        Timeout = CallLimit,
        MaxResponseContentBufferSize = MostAnswerBytes,
    };

    public void Dispose() => _handler.Dispose();
}
