using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>What the server asks of SNS.</summary>
/// <remarks><c>AWSSDK.SimpleNotificationService</c> does all of this, and is to take the place of <see cref="SnsClient"/> where it can be had.</remarks>
internal interface ITopics
{
    /// <summary>Whether the topic is there, and its attributes can be read.</summary>
    /// <exception cref="BrokerException">Nobody can say.</exception>
    Task<bool> ExistsAsync(AwsArn topic, CancellationToken cancellationToken);

    /// <summary>Makes a topic of that name.</summary>
    /// <returns>Its ARN.</returns>
    Task<string> CreateAsync(AwsArn topic, IReadOnlyList<KeyValuePair<string, string>> tags, CancellationToken cancellationToken);

    /// <summary>Returns when the topic has the message.</summary>
    Task PublishAsync(AwsArn topic, string message, CancellationToken cancellationToken);

    /// <summary>The subscription of a queue to the topic, or null.</summary>
    Task<string?> FindSubscriptionAsync(AwsArn topic, AwsArn queue, CancellationToken cancellationToken);

    /// <summary>Subscribes a queue, which then gets messages as they are, without an envelope.</summary>
    Task SubscribeRawAsync(AwsArn topic, AwsArn queue, CancellationToken cancellationToken);

    /// <summary>Makes a subscription carry messages as they are, if it does not yet.</summary>
    Task MakeRawAsync(AwsArn topic, string subscription, CancellationToken cancellationToken);
}
