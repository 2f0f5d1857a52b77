using System.Text.RegularExpressions;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>A queue, topic or subscription in a namespace.</summary>
/// <param name="Kind">queue, topic or subscription: for people.</param>
/// <param name="Name">What operators call it: of a subscription only its own name.</param>
/// <param name="Path">Below the namespace, escaped.</param>
internal sealed partial record ServiceBusEntity(string Kind, string Name, string Path)
{
    private const int LongestName = 260;
    private const int LongestSubscription = 50;

    public static ServiceBusEntity? Queue(string name) => IsName(name) ? new("queue", name, name) : null;

    public static ServiceBusEntity? Topic(string name) => IsName(name) ? new("topic", name, name) : null;

    public static ServiceBusEntity? Subscription(string topic, string name) =>
        IsName(topic) && name.Length <= LongestSubscription && SubscriptionName().IsMatch(name) ? new("subscription", name, $"{topic}/subscriptions/{name}") : null;

    // What the service allows, which is also what needs no escaping.
    private static bool IsName(string name) => name.Length <= LongestName && EntityName().IsMatch(name);

    [GeneratedRegex(@"\A[A-Za-z0-9]([A-Za-z0-9._~-]*[A-Za-z0-9_])?(/[A-Za-z0-9_]([A-Za-z0-9._~-]*[A-Za-z0-9_])?)*\z")]
    private static partial Regex EntityName();

    [GeneratedRegex(@"\A[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_])?\z")]
    private static partial Regex SubscriptionName();
}
