using Dex.Testing;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Tests.Delivery;
using Dex.UploadServer.Tests.Hosting;

namespace Dex.UploadServer.Tests.Messaging.Aws;

/// <summary>What a start with topics and queues makes, refuses and outlives (spec: reports-and-events.md 6 and 7.2, config.md 3 and 4, reliability.md E1).</summary>
public sealed class BrokerStartTests(BrokerService broker) : IClassFixture<BrokerService>
{
    private static Dictionary<string, TestTarget> NoTargets => new() { ["t"] = new TestTarget() };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("SNS_REPORTER_EVENT_ARN=hello", "error creating reporters")]
    [InlineData("SNS_PUBLISHER_EVENT_ARN=arn:aws:sqs:us-east-1:000000000000:x", "error creating file ready publisher")]
    [InlineData("SQS_SUBSCRIBER_EVENT_ARN=arn:aws:sqs:us-east-1:000000000000:x", "error subscribing to file ready")]
    [InlineData("SQS_SUBSCRIBER_MAX_MESSAGES=2", "error subscribing to file ready")]
    public void What_is_no_arn_stops_the_start(string assignment, string message)
    {
        using var folder = new Tests.Hosting.TemporaryFolder();

        var failure = Assert.Throws<StartupFailureException>(() => Program.Build([], Variables.In(folder, assignment, "AWS_REGION=us-east-1")));

        Assert.Equal(message, failure.Message);
        Assert.StartsWith("given arn is not an arn", failure.Error);
    }

    [Theory]
    [InlineData("SQS_SUBSCRIBER_MAX_MESSAGES=11")]
    [InlineData("SQS_SUBSCRIBER_MAX_RETRIES=-1")]
    [InlineData("SQS_SUBSCRIBER_VISIBILITY_TIMEOUT=0")]
    public void Numbers_that_the_service_would_refuse_stop_the_start(string assignment)
    {
        using var folder = new Tests.Hosting.TemporaryFolder();

        var failure = Assert.Throws<StartupFailureException>(() => Program.Build([], Variables.In(folder, assignment)));

        Assert.StartsWith(assignment.Split('=')[0], failure.Error);
    }

    [Fact]
    public async Task Topics_that_are_missing_are_made_at_the_start_and_healthy_before_anything_is_published()
    {
        var (reports, events) = (BrokerService.Topic(BrokerService.NewName("reports")), BrokerService.Topic(BrokerService.NewName("events")));
        await using var server = await BrokeredServer.StartAsync(
            broker, BrokerService.NewName("unused"), NoTargets, $"SNS_REPORTER_EVENT_ARN={reports}", $"SNS_PUBLISHER_EVENT_ARN={events}", "SQS_SUBSCRIBER_EVENT_ARN=", "SQS_SUBSCRIBER_TOPIC_ARN=");

        await Eventually.TrueAsync(() => server.Log.Messages.Count(line => line.StartsWith("Created topic", StringComparison.Ordinal)) == 2);
        var sns = broker.NewSns();
        await server.StopAsync();

        Assert.True(await sns.ExistsAsync(UploadServer.Messaging.Aws.AwsArn.Parse(reports, "sns"), Stop));
        Assert.True(await sns.ExistsAsync(UploadServer.Messaging.Aws.AwsArn.Parse(events, "sns"), Stop));
    }

    [Fact]
    public async Task A_queue_that_is_missing_is_made_with_its_dead_letters_and_may_be_sent_to_by_its_topic()
    {
        var name = BrokerService.NewName("events");
        await using var server = await BrokeredServer.StartAsync(broker, name, NoTargets, "SQS_SUBSCRIBER_MAX_RETRIES=7");

        var queue = await broker.FindQueueAsync(name, Stop);
        var attributes = (await broker.Sqs.GetQueueAttributesAsync(queue, ["All"], Stop)).Attributes;
        var tags = (await broker.Sqs.ListQueueTagsAsync(new() { QueueUrl = queue }, Stop)).Tags;
        await server.StopAsync();

        Assert.Contains($"dl-queue-{name}", attributes["RedrivePolicy"]);
        Assert.Matches("\"maxReceiveCount\":\"?7\"?", attributes["RedrivePolicy"]);
        Assert.Contains(BrokerService.Topic(name), attributes["Policy"]);
        Assert.Equal("true", tags["auto-generated"]);
        Assert.Equal("phdo", tags["auto-generated-by"]);
        Assert.Contains(server.Log.Messages, line => line.StartsWith("Listening to sqs queue", StringComparison.Ordinal));
        Assert.Contains(server.Log.Messages, line => line.StartsWith("Created topic", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_queue_that_is_there_gets_no_dead_letters_and_one_subscription_however_often_the_server_starts()
    {
        var name = BrokerService.NewName("events");
        var queue = await broker.NewQueueAsync(name, Stop);
        for (var start = 0; start < 2; start++)
        {
            await using var server = await BrokeredServer.StartAsync(broker, name, NoTargets);
            await server.StopAsync();
        }

        var attributes = (await broker.Sqs.GetQueueAttributesAsync(queue, ["All"], Stop)).Attributes;
        var topic = UploadServer.Messaging.Aws.AwsArn.Parse(BrokerService.Topic(name), "sns");
        await broker.NewSns().PublishAsync(topic, "hello", Stop);

        Assert.False(attributes.ContainsKey("RedrivePolicy"));
        Assert.Contains(BrokerService.Topic(name), attributes["Policy"]);
        Assert.Equal(["hello"], await broker.TakeAllAsync(queue, Stop));
    }

    [Fact]
    public async Task Another_queue_than_the_configured_one_stops_the_start()
    {
        var name = BrokerService.NewName("events");
        var elsewhere = $"arn:aws:sqs:eu-west-1:999999999999:{name}";

        var failure = await Assert.ThrowsAsync<StartupFailureException>(() => BrokeredServer.StartAsync(broker, name, NoTargets, $"SQS_SUBSCRIBER_EVENT_ARN={elsewhere}"));

        Assert.Equal("error subscribing to file ready", failure.Message);
        Assert.StartsWith($"failed to get or create the correct queue arn, given arn: {elsewhere} arn: arn:aws:sqs:", failure.Error);
        Assert.Contains(" url: ", failure.Error);
    }

    [Fact]
    public async Task A_broker_that_hangs_does_not_hold_up_the_start_for_long()
    {
        await using var proxy = broker.NewProxy().Add(new FaultRule(FaultKind.Hang));

        await using var server = await BrokeredServer.StartAsync(broker, BrokerService.NewName("events"), NoTargets, $"AWS_ENDPOINT_URL={proxy.Address}");
        var log = server.Log.Messages;
        await server.StopAsync();

        Assert.Contains(log, line => line.StartsWith("the queue cannot be listened to yet no answer within 2.5 seconds", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("SQS_SUBSCRIBER_EVENT_ARN", "SQS_SUBSCRIBER_TOPIC_ARN", "are published to a broker and not received")]
    [InlineData("SNS_PUBLISHER_EVENT_ARN", "UNUSED", "are received from a broker and not published")]
    public async Task One_half_of_the_way_is_warned_of(string without, string andWithout, string warning)
    {
        await using var server = await BrokeredServer.StartAsync(broker, BrokerService.NewName("events"), NoTargets, $"{without}=", $"{andWithout}=");
        await server.StopAsync();

        Assert.Contains(server.Log.Messages, line => line.Contains(warning, StringComparison.Ordinal));
    }
}
