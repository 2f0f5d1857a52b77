using System.Globalization;
using Amazon.SQS.Model;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>A message of SQS; it is kept from others as long as it is invisible.</summary>
internal sealed class SqsMessage(SqsQueue queue, Message message, TimeSpan visibility) : IBrokerMessage
{
    public string Id => message.MessageId;

    public string Body { get; } = SnsEnvelope.Open(message.Body ?? "");

    public int Receives =>
        message.Attributes?.GetValueOrDefault("ApproximateReceiveCount") is { } text
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 1;

    public TimeSpan KeptFor => visibility;

    public Task RenewAsync(CancellationToken cancellationToken) => queue.HideAsync(message, visibility, cancellationToken);

    public Task DeleteAsync(CancellationToken cancellationToken) => queue.DeleteAsync(message, cancellationToken);

    public Task ReturnAsync(TimeSpan after, CancellationToken cancellationToken) => queue.HideAsync(message, after, cancellationToken);
}
