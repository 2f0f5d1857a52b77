using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Dex.UploadServer.Aws;
using Dex.UploadServer.Messaging.Aws;
using Dex.UploadServer.Messaging.Brokers;
using Microsoft.Extensions.Options;
using Xunit;

namespace Dex.Testing;

/// <summary>Real SNS and SQS; a class fixture. Names are of one test each, so that tests do not see each other's messages.</summary>
/// <remarks>Where it cannot run, the first use of it in a test skips that test (see <see cref="Requirement"/>).</remarks>
public sealed class BrokerService(TestServices services) : IAsyncLifetime
{
    public const string Region = "us-east-1";
    private const string Account = "000000000000";

    private readonly BrokerConnections _http = new();
    private Uri? _endpoint;
    private string? _problem;
    private AmazonSQSClient? _sqs;

    public Uri Endpoint
    {
        get
        {
            Requirement.Meet(_problem is null, _problem ?? "");
            return _endpoint!;
        }
    }

    /// <summary>A plain client, to look at queues and to put messages into them.</summary>
    public IAmazonSQS Sqs
    {
        get
        {
            Requirement.Meet(_problem is null, _problem ?? "");
            return _sqs!;
        }
    }

    public static string Topic(string name) => $"arn:aws:sns:{Region}:{Account}:{name}";

    public static string Queue(string name) => $"arn:aws:sqs:{Region}:{Account}:{name}";

    public static string NewName(string what) => $"{what}-{Guid.NewGuid():N}";

    /// <summary>A proxy before the broker, without faults yet.</summary>
    public FaultProxy NewProxy() => FaultProxy.Start(Endpoint);

    /// <summary>Variables of a server that can reach the broker.</summary>
    /// <param name="endpoint">Instead of the broker itself, such as a <see cref="FaultProxy"/> before it.</param>
    public Dictionary<string, string> Variables(Uri? endpoint = null) => new(StringComparer.Ordinal)
    {
        ["AWS_ENDPOINT_URL"] = (endpoint ?? Endpoint).AbsoluteUri,
        ["AWS_REGION"] = Region,
        ["AWS_ACCESS_KEY_ID"] = "test",
        ["AWS_SECRET_ACCESS_KEY"] = "test",
        ["AWS_EC2_METADATA_DISABLED"] = "true",
    };

    /// <summary>Variables of a server whose events go through a topic into a queue and back.</summary>
    /// <param name="name">Of topic and queue.</param>
    public Dictionary<string, string> Variables(string name, Uri? endpoint = null)
    {
        var variables = Variables(endpoint);
        variables["SNS_PUBLISHER_EVENT_ARN"] = Topic(name);
        variables["SQS_SUBSCRIBER_TOPIC_ARN"] = Topic(name);
        variables["SQS_SUBSCRIBER_EVENT_ARN"] = Queue(name);
        return variables;
    }

    /// <summary>Makes a topic and a queue that gets all that is published to it.</summary>
    /// <returns>Address of the queue.</returns>
    public async Task<string> ListenAsync(string topic, CancellationToken cancellationToken)
    {
        var sns = NewSns();
        var name = NewName("ear");
        var queue = await NewQueueAsync(name, cancellationToken);
        await sns.CreateAsync(AwsArn.Parse(topic, "sns"), [], cancellationToken);
        await sns.SubscribeRawAsync(AwsArn.Parse(topic, "sns"), AwsArn.Parse(Queue(name), "sqs"), cancellationToken);
        return queue;
    }

    public async Task<string> NewQueueAsync(string name, CancellationToken cancellationToken) => (await Sqs.CreateQueueAsync(name, cancellationToken)).QueueUrl;

    /// <summary>The address of a queue; waits for a server that is to make it.</summary>
    public async Task<string> FindQueueAsync(string name, CancellationToken cancellationToken)
    {
        var address = "";
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                address = (await Sqs.GetQueueUrlAsync(name, cancellationToken)).QueueUrl;
                return true;
            }
            catch (QueueDoesNotExistException)
            {
                return false;
            }
        });
        return address;
    }

    public Task SendAsync(string queue, string body, CancellationToken cancellationToken) => Sqs.SendMessageAsync(queue, body, cancellationToken);

    /// <summary>What has arrived in a queue; each message is taken out.</summary>
    public async Task<IReadOnlyList<string>> TakeAllAsync(string queue, CancellationToken cancellationToken)
    {
        List<string> bodies = [];
        while (true)
        {
            var answer = await Sqs.ReceiveMessageAsync(new ReceiveMessageRequest { QueueUrl = queue, MaxNumberOfMessages = 10 }, cancellationToken);
            if (answer.Messages is not { Count: > 0 } messages)
                return bodies;
            foreach (var message in messages)
            {
                bodies.Add(message.Body);
                await Sqs.DeleteMessageAsync(queue, message.ReceiptHandle, cancellationToken);
            }
        }
    }

    /// <summary>Messages in a queue: those that can be received, and those that somebody holds.</summary>
    public async Task<(int Visible, int Held)> CountAsync(string queue, CancellationToken cancellationToken)
    {
        var attributes = await Sqs.GetQueueAttributesAsync(queue, ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"], cancellationToken);
        return (attributes.ApproximateNumberOfMessages, attributes.ApproximateNumberOfMessagesNotVisible);
    }

    public async ValueTask InitializeAsync()
    {
        try
        {
            _endpoint = new Uri((await services.AddressesAsync())["TEST_SNS_SQS_ENDPOINT"]);
        }
        catch (Exception problem) when (problem is InvalidOperationException or TimeoutException or System.ComponentModel.Win32Exception)
        {
            _problem = problem.Message;
            return;
        }

        _sqs = new AmazonSQSClient(new BasicAWSCredentials("test", "test"), new AmazonSQSConfig { ServiceURL = _endpoint.AbsoluteUri, AuthenticationRegion = Region });
    }

    public ValueTask DisposeAsync()
    {
        _sqs?.Dispose();
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    internal SnsClient NewSns(Uri? endpoint = null) => new(
        new AwsIdentity(Options.Create(new AwsOptions { AccessKeyId = "test", SecretAccessKey = "test", Region = Region, SnsEndpoint = endpoint ?? Endpoint })), _http);
}
