using Amazon;
using Amazon.Runtime;
using Amazon.SQS;
using Dex.UploadServer.Aws;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>The way to SQS. Every call goes through here: what fails throws <see cref="BrokerException"/> and nothing of the SDK's.</summary>
internal sealed class SqsConnection(AwsIdentity identity, AwsBrokerHttp http) : IDisposable
{
    private Lazy<AmazonSQSClient>? _client;

    /// <summary>Makes one call, in the region of a queue.</summary>
    public async Task<T> CallAsync<T>(AwsArn queue, Func<IAmazonSQS, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        // One that failed, for want of credentials say, is made again.
        var client = LazyInitializer.EnsureInitialized(ref _client, () => new(() => NewClient(queue.Region), LazyThreadSafetyMode.PublicationOnly));
        try
        {
            return await call(client.Value, cancellationToken);
        }
        catch (Exception error) when (!(error is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw Translate(error);
        }
    }

    public void Dispose()
    {
        if (_client is { IsValueCreated: true } client)
            client.Value.Dispose();
    }

    private static BrokerException Translate(Exception error) => error switch
    {
        AmazonServiceException { StatusCode: not 0 } answered => AwsAnswers.Failure((int)answered.StatusCode, answered.ErrorCode ?? "", answered),
        AmazonClientException { InnerException: null } => new BrokerException($"no usable credentials or configuration: {error.Message}", error) { Failure = BrokerFailure.Denied },
        _ => BrokerException.Unreachable(error),
    };

    private AmazonSQSClient NewClient(string region)
    {
        // The SDK's own retries are off: who calls has its own, which also tell how it stands.
        var config = new AmazonSQSConfig
        {
            HttpClientFactory = http,
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            IgnoreConfiguredEndpointUrls = true,
            Timeout = BrokerConnections.CallLimit,
        };
        if (identity.SqsEndpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.AbsoluteUri;
            config.AuthenticationRegion = region;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        return identity.Credentials is { } credentials ? new AmazonSQSClient(credentials, config) : new AmazonSQSClient(config);
    }
}
