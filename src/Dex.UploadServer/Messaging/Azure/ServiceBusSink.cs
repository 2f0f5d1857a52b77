using System.Security.Cryptography;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>Reports, or events, to a queue or topic: the message as it is (spec: reports-and-events.md 6).</summary>
internal sealed partial class ServiceBusSink(MessageKind kind, ServiceBusClient client, ILogger<ServiceBusSink> logger) : IMessageSink
{
    private volatile string? _problem;

    public string Name => $"Service Bus - {client.Entity.Name}";

    // The answer to a request does not hang on a broker, and each message is a call over the network.
    public bool IsAwaited => false;

    public int Lanes => 16;

    /// <summary>Why the last message was not sent; null if it was.</summary>
    public string? Problem => _problem;

    public bool Takes(MessageKind messageKind) => messageKind == kind;

    public async ValueTask SendAsync(OutboxMessage message, bool mayBeARepeat, CancellationToken cancellationToken)
    {
        if (MessageSize.Fit(message.Json, MessageLimits.MostSentBytes) is not { } json)
        {
            LogTooLarge(message.UploadId, message.Type, message.Json.Length);
            return;
        }

        if (json.Length < message.Json.Length)
            LogShortened(message.UploadId, message.Type, message.Json.Length);
        try
        {
            await client.SendAsync(json, BrokerProperties.Write(IdOf(message), message.UploadId), cancellationToken);
            _problem = null;
        }
        catch (BrokerException error) when (error.Failure != BrokerFailure.Refused)
        {
            _problem = error.Message;
            throw new SinkDownException(error.Message, error) { RetryAfter = error.RetryAfter };
        }
    }

    /// <summary>The same for each repetition, so that an entity with duplicate detection keeps one of them.</summary>
    private static string IdOf(OutboxMessage message) =>
        // Two orders of the same redelivery look alike, and both are meant.
        IsRedelivery(message) ? Guid.NewGuid().ToString("N") : Convert.ToHexStringLower(SHA256.HashData(message.Json.Span)[..16]);

    // Its first occurrence is the event's own: keys come in order, and the manifest last.
    private static bool IsRedelivery(OutboxMessage message)
    {
        var name = "\"src_url\":\""u8;
        var at = message.Kind == MessageKind.Event ? message.Json.Span.IndexOf(name) : -1;
        return at >= 0 && message.Json.Span[(at + name.Length)..] is [not (byte)'"', ..];
    }

    [LoggerMessage(LogLevel.Warning, "message was over the broker's limit; large values of its manifest were left out {uploadId}{type}{bytes}")]
    private partial void LogShortened(string uploadId, string type, int bytes);

    [LoggerMessage(LogLevel.Error, "message is over the broker's limit and was not published {uploadId}{type}{bytes}")]
    private partial void LogTooLarge(string uploadId, string type, int bytes);
}
