using Amazon.Runtime;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>The SDK's calls over the connections of brokers.</summary>
internal sealed class AwsBrokerHttp(BrokerConnections connections) : HttpClientFactory
{
    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => connections.NewClient();

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
}
