using Amazon.Runtime;
using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>The HTTP client of one account, as the SDK takes it.</summary>
internal sealed class S3HttpClient(StoreCallOptions options, TimeProvider clock) : HttpClientFactory, IDisposable
{
    private readonly HttpClient _client = StoreHttp.NewClient(options, clock);

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => _client;

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    public void Dispose() => _client.Dispose();
}
