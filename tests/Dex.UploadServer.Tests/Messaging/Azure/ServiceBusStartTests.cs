using Dex.UploadServer.Hosting;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Dex.UploadServer.Tests.Messaging.Azure;

/// <summary>What the variables of Service Bus select, and what they stop (spec: config.md 3 and 4).</summary>
public sealed class ServiceBusStartTests
{
    private const string Good = "Endpoint=sb://a.servicebus.windows.net;SharedAccessKeyName=k;SharedAccessKey=c2VjcmV0";

    [Theory]
    [InlineData("error creating reporters", "REPORTER_CONNECTION_STRING has no Endpoint.", "REPORTER_CONNECTION_STRING=SharedAccessKey=c2VjcmV0")]
    [InlineData("error creating reporters", "REPORTER_QUEUE or REPORTER_TOPIC must name the queue or topic.", "REPORTER_CONNECTION_STRING=" + Good)]
    [InlineData("error creating reporters", "REPORTER_QUEUE and the EntityPath of REPORTER_CONNECTION_STRING differ.", "REPORTER_CONNECTION_STRING=" + Good + ";EntityPath=a", "REPORTER_QUEUE=b")]
    [InlineData("error creating file ready publisher", "PUBLISHER_CONNECTION_STRING is not set.", "PUBLISHER_TOPIC=t")]
    [InlineData("error creating file ready publisher", "PUBLISHER_TOPIC is not the name of a queue or topic.", "PUBLISHER_CONNECTION_STRING=" + Good, "PUBLISHER_TOPIC=../x?y")]
    [InlineData("error subscribing to file ready", "SUBSCRIBER_CONNECTION_STRING is not set.", "SUBSCRIBER_MAX_MESSAGES=2")]
    [InlineData("error subscribing to file ready", "SUBSCRIBER_TOPIC and SUBSCRIBER_SUBSCRIPTION must both be set, or SUBSCRIBER_QUEUE alone.", "SUBSCRIBER_CONNECTION_STRING=" + Good, "SUBSCRIBER_TOPIC=t")]
    [InlineData("error subscribing to file ready", "SUBSCRIBER_TOPIC and SUBSCRIBER_SUBSCRIPTION are not the names of a topic and its subscription.", "SUBSCRIBER_CONNECTION_STRING=" + Good, "SUBSCRIBER_TOPIC=t", "SUBSCRIBER_SUBSCRIPTION=a/b")]
    public void What_cannot_be_connected_to_stops_the_start(string message, string error, params string[] assignments)
    {
        var failure = Assert.Throws<StartupFailureException>(() => Program.Build([], Variables.Of(assignments)));

        Assert.Equal((message, error), (failure.Message, failure.Error));
    }

    [Theory]
    [InlineData("SUBSCRIBER_MAX_MESSAGES=-1")]
    [InlineData("SUBSCRIBER_MAX_MESSAGES=101")]
    [InlineData("SUBSCRIBER_MAX_DELIVERIES=0")]
    [InlineData("SUBSCRIBER_MAX_DELIVERIES=2001")]
    public void Numbers_out_of_range_stop_the_start(string assignment)
    {
        var failure = Assert.Throws<StartupFailureException>(() => Program.Build([], Variables.Of(
            assignment, "SUBSCRIBER_CONNECTION_STRING=" + Good, "SUBSCRIBER_QUEUE=q")));

        Assert.StartsWith(assignment.Split('=')[0], failure.Error);
    }

    [Theory]
    [InlineData(false, false, "REPORTER_QUEUE=q")]
    [InlineData(true, false, "PUBLISHER_CONNECTION_STRING=" + Good, "PUBLISHER_TOPIC=t")]
    [InlineData(true, false, "PUBLISHER_CONNECTION_STRING=" + Good + ";EntityPath=t")]
    [InlineData(false, true, "SUBSCRIBER_CONNECTION_STRING=" + Good, "SUBSCRIBER_TOPIC=t", "SUBSCRIBER_SUBSCRIPTION=s", "SUBSCRIBER_MAX_MESSAGES=0")]
    [InlineData(false, true, "SUBSCRIBER_CONNECTION_STRING=" + Good + ";EntityPath=t", "SUBSCRIBER_SUBSCRIPTION=s", "SUBSCRIBER_QUEUE=ignored")]
    [InlineData(true, true, "PUBLISHER_CONNECTION_STRING=a.servicebus.windows.net", "PUBLISHER_QUEUE=q", "SUBSCRIBER_CONNECTION_STRING=a.servicebus.windows.net", "SUBSCRIBER_QUEUE=q")]
    public async Task Events_travel_over_the_bus_where_it_is_configured(bool isPublished, bool isReceived, params string[] assignments)
    {
        await using var app = Program.Build([], Variables.Of(assignments));

        Assert.Equal(new EventTransport(isPublished, isReceived), app.Services.GetRequiredService<EventTransport>());
    }

    [Fact]
    public async Task A_queue_of_SQS_goes_before_a_subscription_with_a_warning()
    {
        await using var app = Program.Build([], Variables.Of(
            "SUBSCRIBER_CONNECTION_STRING=" + Good, "SUBSCRIBER_TOPIC=t", "SUBSCRIBER_SUBSCRIPTION=s", "AWS_REGION=us-east-1",
            "SQS_SUBSCRIBER_EVENT_ARN=arn:aws:sqs:us-east-1:000000000000:q", "SQS_SUBSCRIBER_TOPIC_ARN=arn:aws:sns:us-east-1:000000000000:t"));

        Assert.IsType<UploadServer.Messaging.Aws.SqsQueue>(app.Services.GetRequiredService<UploadServer.Messaging.Brokers.IBrokerQueue>());
        Assert.Contains(app.Services.GetRequiredService<EnvironmentReader>().Warnings, warning => warning.StartsWith("SUBSCRIBER_…", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Sinks_stand_in_the_order_files_topics_and_bus()
    {
        await using var app = Program.Build([], Variables.Of(
            "PUBLISHER_CONNECTION_STRING=" + Good, "PUBLISHER_TOPIC=t", "REPORTER_CONNECTION_STRING=" + Good, "REPORTER_QUEUE=q", "AWS_REGION=us-east-1",
            "SNS_PUBLISHER_EVENT_ARN=arn:aws:sns:us-east-1:000000000000:t"));

        Assert.Equal(
            ["files", "SNS - arn:aws:sns:us-east-1:000000000000:t", "Service Bus - q", "Service Bus - t"],
            app.Services.GetServices<IMessageSink>().Select(sink => sink.Name));
    }
}
