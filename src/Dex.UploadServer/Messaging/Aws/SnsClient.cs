using System.Collections.Concurrent;
using System.Xml.Linq;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Credentials;
using Amazon.Runtime.Signing;
using Dex.UploadServer.Aws;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>SNS by its query protocol: a form goes out, XML comes back. The SDK's own signer signs.</summary>
internal sealed class SnsClient(AwsIdentity identity, BrokerConnections http) : ITopics
{
    private const string Version = "2010-03-31";
    private const string RawDelivery = "RawMessageDelivery";

    private readonly ConcurrentDictionary<string, HttpClient> _clients = new(StringComparer.Ordinal);

    public async Task<bool> ExistsAsync(AwsArn topic, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync(topic, "GetTopicAttributes", [new("TopicArn", topic.Text)], cancellationToken);
            return true;
        }
        catch (BrokerException error) when (error.Failure == BrokerFailure.NotFound)
        {
            return false;
        }
    }

    public async Task<string> CreateAsync(AwsArn topic, IReadOnlyList<KeyValuePair<string, string>> tags, CancellationToken cancellationToken)
    {
        List<KeyValuePair<string, string>> form = [new("Name", topic.Resource)];
        for (var i = 0; i < tags.Count; i++)
        {
            form.Add(new($"Tags.member.{i + 1}.Key", tags[i].Key));
            form.Add(new($"Tags.member.{i + 1}.Value", tags[i].Value));
        }

        return Text(await CallAsync(topic, "CreateTopic", form, cancellationToken), "TopicArn") ?? topic.Text;
    }

    public Task PublishAsync(AwsArn topic, string message, CancellationToken cancellationToken) =>
        CallAsync(topic, "Publish", [new("TopicArn", topic.Text), new("Message", message)], cancellationToken);

    public async Task<string?> FindSubscriptionAsync(AwsArn topic, AwsArn queue, CancellationToken cancellationToken)
    {
        for (string? next = null; ;)
        {
            List<KeyValuePair<string, string>> form = [new("TopicArn", topic.Text)];
            if (next is not null)
                form.Add(new("NextToken", next));
            var page = await CallAsync(topic, "ListSubscriptionsByTopic", form, cancellationToken);
            var found = page.Descendants().FirstOrDefault(member =>
                member.Name.LocalName == "member" && Text(member, "Protocol") == "sqs" && Text(member, "Endpoint") == queue.Text);
            if (found is not null)
                return Text(found, "SubscriptionArn");
            next = Text(page, "NextToken");
            if (string.IsNullOrEmpty(next))
                return null;
        }
    }

    public Task SubscribeRawAsync(AwsArn topic, AwsArn queue, CancellationToken cancellationToken) => CallAsync(topic, "Subscribe",
    [
        new("TopicArn", topic.Text),
        new("Protocol", "sqs"),
        new("Endpoint", queue.Text),
        new("ReturnSubscriptionArn", "true"),
        new("Attributes.entry.1.key", RawDelivery),
        new("Attributes.entry.1.value", "true"),
    ], cancellationToken);

    public async Task MakeRawAsync(AwsArn topic, string subscription, CancellationToken cancellationToken)
    {
        var attributes = await CallAsync(topic, "GetSubscriptionAttributes", [new("SubscriptionArn", subscription)], cancellationToken);
        var isRaw = attributes.Descendants().Any(entry =>
            entry.Name.LocalName == "entry" && Text(entry, "key") == RawDelivery && string.Equals(Text(entry, "value"), "true", StringComparison.OrdinalIgnoreCase));
        if (!isRaw)
        {
            await CallAsync(topic, "SetSubscriptionAttributes",
                [new("SubscriptionArn", subscription), new("AttributeName", RawDelivery), new("AttributeValue", "true")], cancellationToken);
        }
    }

    private static string? Text(XElement within, string name) =>
        within.Descendants().FirstOrDefault(element => element.Name.LocalName == name)?.Value;

    private async Task<XElement> CallAsync(
        AwsArn topic, string action, List<KeyValuePair<string, string>> form, CancellationToken cancellationToken)
    {
        try
        {
            form.Add(new("Action", action));
            form.Add(new("Version", Version));
            using var content = new FormUrlEncodedContent(form);
            using var answer = await _clients.GetOrAdd(topic.Region, NewClient).PostAsync(new Uri("", UriKind.Relative), content, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            return answer.IsSuccessStatusCode ? XElement.Parse(text) : throw AwsAnswers.Failure((int)answer.StatusCode, ErrorCode(text));
        }
        catch (AmazonClientException error)
        {
            throw new BrokerException($"no usable credentials or configuration: {error.Message}", error) { Failure = BrokerFailure.Denied };
        }
        catch (Exception error) when (error is not BrokerException && !cancellationToken.IsCancellationRequested)
        {
            // Not reached, cut, timed out, or an answer that is none of SNS.
            throw BrokerException.Unreachable(error);
        }
    }

    private static string ErrorCode(string answer)
    {
        try
        {
            return Text(XElement.Parse(answer), "Code") ?? "";
        }
        catch (System.Xml.XmlException)
        {
            return ""; // of something between us and SNS
        }
    }

    private HttpClient NewClient(string region)
    {
        var place = RegionEndpoint.GetBySystemName(region);
        var client = http.NewClient(connections => new SigV4SigningHandler(
            new AWSSigV4Parameters
            {
                Credentials = identity.Credentials ?? DefaultAWSCredentialsIdentityResolver.GetCredentials(),
                Region = place,
                Service = "sns",
                SignPayload = true,
            },
            connections));
        client.BaseAddress = identity.SnsEndpoint ?? new Uri($"https://sns.{place.SystemName}.{place.PartitionDnsSuffix}/");
        return client;
    }
}
