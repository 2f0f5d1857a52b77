using Dex.UploadServer.Health;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>Whether the queue or topic is there, active, and took the last message (spec: http-api.md 6).</summary>
internal sealed class PublishingProbe(ServiceBusSink sink, EntityWatch watch, int order) : IHealthProbe
{
    public string Service => $"Event Publishing {watch.Entity.Name}";

    public string HealthyIssue => HealthyIssues.NoneReported;

    public int Order => order;

    public async ValueTask<string?> CheckAsync(CancellationToken cancellationToken) =>
        ServiceBusStatus.FindProblem(watch.Entity, await watch.ReadAsync(cancellationToken)) ?? sink.Problem;
}

/// <summary>Whether one worker receives, and whether the subscription is there and active (spec: http-api.md 6).</summary>
internal sealed class SubscriberProbe(EntityWatch watch, EventReceiver receiver, int worker) : IHealthProbe
{
    public string Service => $"{watch.Entity.Name} Event Subscriber";

    public string HealthyIssue => HealthyIssues.NoneReported;

    public int Order => HealthOrder.Subscriber;

    public async ValueTask<string?> CheckAsync(CancellationToken cancellationToken) =>
        receiver.ProblemOf(worker) ?? ServiceBusStatus.FindProblem(watch.Entity, await watch.ReadAsync(cancellationToken));
}

internal static class ServiceBusStatus
{
    /// <param name="description">Null where we may not ask: then what works counts.</param>
    public static string? FindProblem(ServiceBusEntity entity, EntityDescription? description) =>
        description is null or { IsActive: true } ? null : $"service bus {entity.Kind} {entity.Name} status: {description.Status}";
}
