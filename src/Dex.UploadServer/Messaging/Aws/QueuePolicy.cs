using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>Lets a topic send to a queue; without that SNS drops every message silently (spec: reports-and-events.md 9.11).</summary>
internal static class QueuePolicy
{
    private const string Version = "2012-10-17";

    /// <summary>The policy with one statement more, or null if there is nothing to add: it speaks of the topic already, or is none that we understand.</summary>
    /// <param name="present">The queue's policy; null or empty if it has none.</param>
    public static string? Allow(string? present, AwsArn queue, AwsArn topic)
    {
        if (string.IsNullOrWhiteSpace(present))
            return new JsonObject { ["Version"] = Version, ["Statement"] = new JsonArray(Statement(queue, topic)) }.ToJsonString();
        if (present.Contains(topic.Text, StringComparison.Ordinal))
            return null;
        try
        {
            if (JsonNode.Parse(present) is not JsonObject policy || policy["Statement"] is not { } statements)
                return null;
            if (statements is JsonArray several)
                several.Add(Statement(queue, topic));
            else
                policy["Statement"] = new JsonArray(statements.DeepClone(), Statement(queue, topic));
            return policy.ToJsonString();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonObject Statement(AwsArn queue, AwsArn topic) => new JsonObject
    {
        ["Effect"] = "Allow",
        ["Principal"] = new JsonObject { ["Service"] = "sns.amazonaws.com" },
        ["Action"] = "sqs:SendMessage",
        ["Resource"] = queue.Text,
        ["Condition"] = new JsonObject { ["ArnEquals"] = new JsonObject { ["aws:SourceArn"] = topic.Text } },
    };
}
