using System.Text;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>Reports, or events, to a topic: the message and a line feed, as subscribers know it (spec: reports-and-events.md 6).</summary>
/// <param name="isBarred">Whether nobody would hear a message now.</param>
internal sealed partial class SnsSink(MessageKind kind, SnsTopic topic, Func<bool> isBarred, ILogger<SnsSink> logger) : IMessageSink
{
    private const int MostBytes = 256 * 1024;

    public string Name => $"SNS - {topic.Arn}";

    // The answer to a request does not hang on a broker, and each message is a call over the network.
    public bool IsAwaited => false;

    public int Lanes => 16;

    public bool Takes(MessageKind messageKind) => messageKind == kind;

    public async ValueTask SendAsync(OutboxMessage message, bool mayBeARepeat, CancellationToken cancellationToken)
    {
        if (isBarred())
            throw new SinkDownException("the queue is not subscribed to the topic yet");
        if (MessageSize.Fit(message.Json, MostBytes - 1) is not { } json)
        {
            LogTooLarge(message.UploadId, message.Type, message.Json.Length);
            return;
        }

        if (json.Length < message.Json.Length)
            LogShortened(message.UploadId, message.Type, message.Json.Length);
        try
        {
            await topic.PublishAsync(Encoding.UTF8.GetString(json.Span) + "\n", cancellationToken);
        }
        catch (BrokerException error) when (error.Failure != BrokerFailure.Refused)
        {
            throw new SinkDownException(error.Message, error);
        }
    }

    [LoggerMessage(LogLevel.Warning, "message was over the broker's limit; large values of its manifest were left out {uploadId}{type}{bytes}")]
    private partial void LogShortened(string uploadId, string type, int bytes);

    [LoggerMessage(LogLevel.Error, "message is over the broker's limit and was not published {uploadId}{type}{bytes}")]
    private partial void LogTooLarge(string uploadId, string type, int bytes);
}

/// <summary>Whether the topic of reports can be read (spec: http-api.md 6).</summary>
internal sealed class SnsProbe(SnsTopic topic) : Health.IHealthProbe
{
    public string Service => $"SNS - {topic.Arn}";

    public string HealthyIssue => Health.HealthyIssues.NoneReported;

    public int Order => Health.HealthOrder.ReportSink;

    public async ValueTask<string?> CheckAsync(CancellationToken cancellationToken) =>
        await topic.ExistsAsync(cancellationToken) ? null : "no such topic";
}
