using Dex.UploadServer.Health;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>Whether one worker receives, and whether the queue can be read (spec: http-api.md 6).</summary>
internal sealed class SqsProbe(SqsQueue queue, EventReceiver receiver, int worker) : IHealthProbe
{
    public string Service => $"SQS - {queue.Arn}";

    public string HealthyIssue => HealthyIssues.NoneReported;

    public int Order => HealthOrder.Subscriber;

    public async ValueTask<string?> CheckAsync(CancellationToken cancellationToken)
    {
        if (queue.IsSubscribed)
            await queue.CountAsync(cancellationToken);
        return receiver.ProblemOf(worker) ?? (queue.IsSubscribed ? null : "the queue is not subscribed to its topic yet");
    }
}
