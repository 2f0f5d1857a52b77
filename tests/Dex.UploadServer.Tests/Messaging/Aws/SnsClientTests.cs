using System.Net;
using Dex.Testing;
using Dex.UploadServer.Messaging.Aws;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Tests.Messaging.Aws;

/// <summary>SNS over its query protocol, against a real server and a broken one.</summary>
public sealed class SnsClientTests(BrokerService broker) : IClassFixture<BrokerService>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static AwsArn NewTopic() => AwsArn.Parse(BrokerService.Topic(BrokerService.NewName("t")), "sns");

    [Fact]
    public async Task A_topic_is_there_once_it_was_made()
    {
        var topic = NewTopic();
        var sns = broker.NewSns();

        var before = await sns.ExistsAsync(topic, Stop);
        var arn = await sns.CreateAsync(topic, AutoCreated.Tags, Stop);

        Assert.False(before);
        Assert.Equal(topic.Text, arn);
        Assert.True(await sns.ExistsAsync(topic, Stop));
    }

    [Fact]
    public async Task A_message_arrives_byte_for_byte()
    {
        var topic = NewTopic();
        var ear = await broker.ListenAsync(topic.Text, Stop);
        var text = "{\"a\":\"é<&>+ %41 \\u0000 \U0001F600\"}\n" + new string('x', 200_000);

        await broker.NewSns().PublishAsync(topic, text, Stop);

        Assert.Equal([text], await broker.TakeAllAsync(ear, Stop));
    }

    [Fact]
    public async Task A_subscription_among_many_is_found_and_made_raw()
    {
        var topic = NewTopic();
        var sns = broker.NewSns();
        for (var i = 0; i < 120; i++)
            await broker.ListenAsync(topic.Text, Stop);
        var name = BrokerService.NewName("q");
        await broker.NewQueueAsync(name, Stop);
        var queue = AwsArn.Parse(BrokerService.Queue(name), "sqs");

        var before = await sns.FindSubscriptionAsync(topic, queue, Stop);
        await sns.SubscribeRawAsync(topic, queue, Stop);
        var found = await sns.FindSubscriptionAsync(topic, queue, Stop);
        await sns.MakeRawAsync(topic, found!, Stop);

        Assert.Null(before);
        Assert.StartsWith(topic.Text, found);
    }

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable, "", "Unavailable")]
    [InlineData(HttpStatusCode.BadRequest, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>", "Unavailable")]
    [InlineData(HttpStatusCode.Forbidden, "<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>", "Denied")]
    [InlineData(HttpStatusCode.BadRequest, "<ErrorResponse><Error><Code>InvalidParameter</Code></Error></ErrorResponse>", "Refused")]
    [InlineData(HttpStatusCode.NotFound, "<ErrorResponse><Error><Code>NotFound</Code></Error></ErrorResponse>", "NotFound")]
    [InlineData(HttpStatusCode.OK, "<html>captive portal", "Unavailable")]
    public async Task What_goes_wrong_is_told_by_kind(HttpStatusCode status, string answer, string kind)
    {
        await using var proxy = broker.NewProxy().Add(new FaultRule(FaultKind.Answer) { CannedAnswer = new CannedAnswer(status, answer) });

        var failure = await Assert.ThrowsAsync<BrokerException>(() => broker.NewSns(proxy.Address).PublishAsync(NewTopic(), "m", Stop));

        Assert.Equal(kind, failure.Failure.ToString());
        Assert.DoesNotContain("127.0.0.1", failure.Message);
    }

    [Fact]
    public async Task A_broken_connection_is_unavailable()
    {
        await using var proxy = broker.NewProxy().Add(new FaultRule(FaultKind.ResetAfterRequest));

        var failure = await Assert.ThrowsAsync<BrokerException>(() => broker.NewSns(proxy.Address).PublishAsync(NewTopic(), "m", Stop));

        Assert.Equal(BrokerFailure.Unavailable, failure.Failure);
    }
}
