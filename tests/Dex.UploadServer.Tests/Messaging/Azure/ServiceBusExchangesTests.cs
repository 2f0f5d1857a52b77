using System.Globalization;
using System.Net;
using System.Text;
using Dex.Testing;
using Dex.UploadServer.Messaging.Azure;

namespace Dex.UploadServer.Tests.Messaging.Azure;

/// <summary>Requests and answers as the public reference of the REST interface has them, byte for byte: the double could share a mistake with the client.</summary>
public sealed class ServiceBusExchangesTests
{
    private const string Queue = "httpclientsamplequeue";
    private const string Locked = $"{Queue}/messages/2/7da9cfd5-40d5-4bb1-8d64-ec5a52e1c547";

    private readonly CannedService _service = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Send_message()
    {
        _service.Answers.Enqueue("201 Created");

        await NewClient().SendAsync("This is a message."u8.ToArray(), BrokerProperties.Write("M1", "part"), Stop);

        Assert.Equal(
            """
            POST https://your-namespace.servicebus.windows.net/httpclientsamplequeue/messages
            Authorization: token
            BrokerProperties: {"MessageId":"M1","PartitionKey":"part"}
            Content-Type: application/json

            This is a message.
            """,
            Assert.Single(_service.Requests));
    }

    [Fact]
    public async Task Receive_with_lock()
    {
        _service.Answers.Enqueue(
            $$"""
            201 Created
            Location: https://your-namespace.servicebus.windows.net/{{Locked}}
            BrokerProperties: {"DeliveryCount":1,"EnqueuedSequenceNumber":0,"EnqueuedTimeUtc":"Wed, 02 Jul 2014 01:32:27 GMT","Label":"M1","LockToken":"7da9cfd5-40d5-4bb1-8d64-ec5a52e1c547","LockedUntilUtc":"Wed, 02 Jul 2014 01:33:27 GMT","MessageId":"31907572164743c38741631acd554d6f","SequenceNumber":2,"State":"Active","TimeToLive":10}
            Priority: "High"
            Customer: "12345,ABC"
            Date: Wed, 02 Jul 2014 01:32:27 GMT

            This is a message.
            """);

        var message = await NewClient().ReceiveAsync(TimeSpan.FromSeconds(1), Stop);

        Assert.Equal(
            """
            POST https://your-namespace.servicebus.windows.net/httpclientsamplequeue/messages/head?timeout=1
            Authorization: token
            """,
            Assert.Single(_service.Requests));
        Assert.Equal(("2:31907572164743c38741631acd554d6f", "This is a message.", 1, TimeSpan.FromSeconds(59)), (message!.Id, message.Body, message.Receives, message.KeptFor));
    }

    [Fact]
    public async Task Receive_when_there_is_nothing()
    {
        _service.Answers.Enqueue("204 No Content");

        Assert.Null(await NewClient().ReceiveAsync(TimeSpan.Zero, Stop));
    }

    [Theory]
    [InlineData("DELETE")]
    [InlineData("PUT")]
    [InlineData("POST")]
    public async Task Delete_unlock_and_renew(string method)
    {
        _service.Answers.Enqueue("200 OK");

        await NewClient().AnswerAsync(new HttpMethod(method), Locked, Stop);

        Assert.Equal(
            $"""
            {method} https://your-namespace.servicebus.windows.net/{Locked}
            Authorization: token
            """,
            Assert.Single(_service.Requests));
    }

    [Theory]
    [InlineData("Location: https://elsewhere.example/other/messages/2/7da9cfd5-40d5-4bb1-8d64-ec5a52e1c547")]
    [InlineData("Location: /relative")]
    [InlineData("X-None: x")]
    public async Task An_address_that_is_not_below_the_queue_is_not_followed(string header)
    {
        _service.Answers.Enqueue($$"""
            201 Created
            {{header}}
            BrokerProperties: {"LockToken":"7da9cfd5-40d5-4bb1-8d64-ec5a52e1c547","SequenceNumber":2}

            x
            """);
        _service.Answers.Enqueue("200 OK");

        var message = await NewClient().ReceiveAsync(TimeSpan.Zero, Stop);
        await message!.DeleteAsync(Stop);

        Assert.StartsWith($"DELETE https://your-namespace.servicebus.windows.net/{Locked}", _service.Requests[1]);
        Assert.Equal(("2:", 1, TimeSpan.FromSeconds(30)), (message.Id, message.Receives, message.KeptFor));
    }

    [Theory]
    [InlineData("X-None: x")]
    [InlineData("BrokerProperties: {")]
    [InlineData("BrokerProperties: []")]
    [InlineData("BrokerProperties: {\"SequenceNumber\":2}")]
    [InlineData("BrokerProperties: {\"LockToken\":7}")]
    public async Task An_answer_that_cannot_be_answered_is_a_fault_of_the_broker(string header)
    {
        _service.Answers.Enqueue($"201 Created\n{header}\n\nx");

        var failure = await Assert.ThrowsAsync<UploadServer.Messaging.Brokers.BrokerException>(() => NewClient().ReceiveAsync(TimeSpan.Zero, Stop));

        Assert.Equal("the broker's answer has no BrokerProperties", failure.Message);
    }

    [Fact]
    public async Task Description_of_a_subscription()
    {
        _service.Answers.Enqueue(
            """
            200 OK
            Content-Type: application/atom+xml;type=entry;charset=utf-8

            <entry xmlns="http://www.w3.org/2005/Atom"><id>https://your-namespace.servicebus.windows.net/t/subscriptions/s?api-version=2021-05</id><title type="text">s</title><published>2021-06-01T10:00:00Z</published><updated>2021-06-01T10:00:01Z</updated><content type="application/xml"><SubscriptionDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><LockDuration>PT1M</LockDuration><RequiresSession>false</RequiresSession><DefaultMessageTimeToLive>P14D</DefaultMessageTimeToLive><DeadLetteringOnMessageExpiration>false</DeadLetteringOnMessageExpiration><MessageCount>12</MessageCount><MaxDeliveryCount>10</MaxDeliveryCount><EnableBatchedOperations>true</EnableBatchedOperations><Status>ReceiveDisabled</Status><CountDetails xmlns:d2p1="http://schemas.microsoft.com/netservices/2011/06/servicebus"><d2p1:ActiveMessageCount>7</d2p1:ActiveMessageCount><d2p1:DeadLetterMessageCount>5</d2p1:DeadLetterMessageCount></CountDetails></SubscriptionDescription></content></entry>
            """);

        var description = await NewClient().DescribeAsync(Stop);

        Assert.Equal(
            """
            GET https://your-namespace.servicebus.windows.net/httpclientsamplequeue?api-version=2021-05
            Authorization: token
            """,
            Assert.Single(_service.Requests));
        Assert.Equal(new EntityDescription("ReceiveDisabled", 10, 7), description);
    }

    [Theory]
    [InlineData("<entry/>", "there is no queue httpclientsamplequeue")]
    [InlineData("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title type=\"text\">Publicly Listed Services</title></feed>", "there is no queue httpclientsamplequeue")]
    [InlineData("<!DOCTYPE x [<!ENTITY a \"b\">]><entry>&a;</entry>", "the broker's description of the entity cannot be read")]
    [InlineData("{}", "the broker's description of the entity cannot be read")]
    [InlineData("", "the broker's description of the entity cannot be read")]
    public async Task A_description_of_nothing_is_none(string body, string message)
    {
        _service.Answers.Enqueue($"200 OK\n\n{body}");

        var failure = await Assert.ThrowsAsync<UploadServer.Messaging.Brokers.BrokerException>(() => NewClient().DescribeAsync(Stop));

        Assert.Equal(message, failure.Message);
    }

    [Fact]
    public async Task Want_of_the_Manage_right_is_no_failure()
    {
        _service.Answers.Enqueue("401 Unauthorized\n\n<Error><Code>401</Code><Detail>Manage,EntityRead claims required for this operation. TrackingId:0, SystemTracker:x, Timestamp:2021</Detail></Error>");

        Assert.Null(await NewClient().DescribeAsync(Stop));
    }

    private ServiceBusClient NewClient() => new(
        new ServiceBusEnd(new ServiceBusAccess { Address = new Uri("https://your-namespace.servicebus.windows.net/") }, ServiceBusEntity.Queue(Queue)!),
        new FixedToken(), new HttpClient(_service), new ManualClock());

    private sealed class FixedToken : IServiceBusTokens
    {
        public ValueTask<string> GetAsync(CancellationToken cancellationToken) => new("token");
    }

    /// <summary>Writes down what is asked, and answers what the test has put ready: a status line, headers, and after an empty line a body.</summary>
    private sealed class CannedService : HttpMessageHandler
    {
        public Queue<string> Answers { get; } = new();

        public List<string> Requests { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var text = new StringBuilder($"{request.Method} {request.RequestUri}");
            foreach (var (name, values) in request.Headers.OrderBy(header => header.Key, StringComparer.Ordinal).Concat(request.Content?.Headers.Where(header => header.Key != "Content-Length") ?? []))
                text.Append(CultureInfo.InvariantCulture, $"\n{name}: {string.Join(", ", values)}");
            if (request.Content is { } content)
                text.Append(CultureInfo.InvariantCulture, $"\n\n{await content.ReadAsStringAsync(cancellationToken)}");
            Requests.Add(text.ToString());
            return Read(Answers.Dequeue());
        }

        private static HttpResponseMessage Read(string text)
        {
            var (head, body) = text.Split("\n\n", 2) is [var first, var second] ? (first, second) : (text, "");
            var lines = head.Split('\n');
            var answer = new HttpResponseMessage((HttpStatusCode)int.Parse(lines[0][..3], CultureInfo.InvariantCulture)) { Content = new StringContent(body) };
            foreach (var line in lines.Skip(1))
            {
                var parts = line.Split(": ", 2);
                if (!answer.Headers.TryAddWithoutValidation(parts[0], parts[1]))
                    answer.Content.Headers.TryAddWithoutValidation(parts[0], parts[1]);
            }

            return answer;
        }
    }
}
