using System.Text.Json;
using Dex.UploadServer.Messaging.Aws;

namespace Dex.UploadServer.Tests.Messaging.Aws;

/// <summary>A topic must be allowed to send to its queue (spec: reports-and-events.md 9.11).</summary>
public sealed class QueuePolicyTests
{
    private static readonly AwsArn Queue = AwsArn.Parse("arn:aws:sqs:us-east-1:000000000000:q", "sqs");
    private static readonly AwsArn Topic = AwsArn.Parse("arn:aws:sns:us-east-1:000000000000:t", "sns");

    [Theory]
    [InlineData(null, 1)]
    [InlineData("", 1)]
    [InlineData("""{"Version":"2012-10-17","Statement":[{"Sid":"theirs"}]}""", 2)]
    [InlineData("""{"Version":"2012-10-17","Statement":{"Sid":"theirs"}}""", 2)]
    public void The_topic_is_added_and_what_was_there_stays(string? present, int statements)
    {
        using var policy = JsonDocument.Parse(QueuePolicy.Allow(present, Queue, Topic)!);

        var all = policy.RootElement.GetProperty("Statement").EnumerateArray().ToArray();
        Assert.Equal(statements, all.Length);
        Assert.Equal(statements == 2, all.Any(statement => statement.TryGetProperty("Sid", out _)));
        Assert.Equal(Topic.Text, all[^1].GetProperty("Condition").GetProperty("ArnEquals").GetProperty("aws:SourceArn").GetString());
        Assert.Equal(Queue.Text, all[^1].GetProperty("Resource").GetString());
    }

    [Theory]
    [InlineData("""{"Statement":[{"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:us-east-1:000000000000:t"}}}]}""")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    public void A_policy_that_knows_the_topic_or_is_not_understood_is_left_alone(string present) =>
        Assert.Null(QueuePolicy.Allow(present, Queue, Topic));
}
