using System.Globalization;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>A message of Service Bus; nobody else gets it as long as its lock holds.</summary>
internal sealed class LockedMessage(ServiceBusClient client, BrokerProperties properties, string path, string body, DateTimeOffset receivedAt) : IBrokerMessage
{
    private static readonly TimeSpan s_usual = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(5); // of the service
    private static readonly TimeSpan s_rounding = TimeSpan.FromSeconds(1);

    /// <summary>Its number in the queue, which is its own for good; a message id is what its sender says, if it says one.</summary>
    public string Id => string.Create(CultureInfo.InvariantCulture, $"{properties.SequenceNumber}:{properties.MessageId}");

    public string Body => body;

    public int Receives => properties.DeliveryCount;

    /// <summary>From the service's clock alone: ours may differ.</summary>
    public TimeSpan KeptFor { get; } = properties.LockedUntil is { } until ? Within(until - receivedAt - s_rounding) : s_usual;

    public Task RenewAsync(CancellationToken cancellationToken) => client.AnswerAsync(HttpMethod.Post, path, cancellationToken);

    public Task DeleteAsync(CancellationToken cancellationToken) => client.AnswerAsync(HttpMethod.Delete, path, cancellationToken);

    public Task ReturnAsync(TimeSpan after, CancellationToken cancellationToken) => client.AnswerAsync(HttpMethod.Put, path, cancellationToken);

    private static TimeSpan Within(TimeSpan time) => time < s_shortest ? s_shortest : time > s_longest ? s_longest : time;
}
