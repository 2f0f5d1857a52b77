using System.Globalization;
using System.Text.Json;
using Amazon.SQS;
using Amazon.SQS.Model;
using Dex.UploadServer.Messaging.Brokers;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>The queue that events come from: found or made, subscribed to its topic, and then received from (spec: reports-and-events.md 7.2).</summary>
internal sealed partial class SqsQueue : IBrokerQueue
{
    private static readonly List<string> s_everyAttribute = ["QueueArn", "Policy", "RedrivePolicy"];

    private readonly SqsConnection _sqs;
    private readonly ITopics _topics;
    private readonly SnsTopics _published;
    private readonly AwsMessagingOptions _options;
    private readonly ILogger<SqsQueue> _logger;
    private readonly AwsArn _arn;
    private readonly SharedAttempt<Found> _found;

    public SqsQueue(SqsConnection sqs, ITopics topics, SnsTopics published, IOptions<AwsMessagingOptions> options, ILogger<SqsQueue> logger)
    {
        _sqs = sqs;
        _topics = topics;
        _published = published;
        _options = options.Value;
        _logger = logger;
        _arn = AwsArn.Parse(_options.Queue ?? "", "sqs");
        _found = new(SetUpAsync);
    }

    private sealed record Found(string Url, int? DeadLetterAfter);

    /// <summary>Its ARN, as configured.</summary>
    public string Arn => _arn.Text;

    public string? Label => _found.Result?.Url;

    /// <summary>Whether the queue has been found and gets what its topic is given.</summary>
    public bool IsSubscribed => _found.Result is not null;

    public bool HasDeadLetters => _found.Result?.DeadLetterAfter is not null;

    public int LastReceive => _found.Result?.DeadLetterAfter ?? _options.MaxReceives;

    public bool HidesReturned => true;

    /// <summary>Finds or makes the queue and subscribes it, if that has not been done yet.</summary>
    public Task EnsureAsync(CancellationToken cancellationToken) => _found.GetAsync(cancellationToken);

    public async Task<IReadOnlyList<IBrokerMessage>> ReceiveAsync(int limit, CancellationToken cancellationToken)
    {
        var answer = await CallAsync((client, url, token) => client.ReceiveMessageAsync(new ReceiveMessageRequest
        {
            QueueUrl = url,
            MaxNumberOfMessages = limit,
            WaitTimeSeconds = 1,
            VisibilityTimeout = (int)_options.Visibility.TotalSeconds,
            MessageSystemAttributeNames = ["ApproximateReceiveCount"],
        }, token), cancellationToken);
        return [.. (answer.Messages ?? []).Select(message => new SqsMessage(this, message, _options.Visibility))];
    }

    public Task DeleteAsync(Message message, CancellationToken cancellationToken) =>
        CallAsync((client, url, token) => client.DeleteMessageAsync(url, message.ReceiptHandle, token), cancellationToken);

    /// <summary>From now on the message is invisible for that long; zero gives it back at once.</summary>
    public Task HideAsync(Message message, TimeSpan time, CancellationToken cancellationToken) =>
        CallAsync((client, url, token) => client.ChangeMessageVisibilityAsync(url, message.ReceiptHandle, (int)Math.Ceiling(time.TotalSeconds), token), cancellationToken);

    public async Task<long> CountAsync(CancellationToken cancellationToken) =>
        (await CallAsync((client, url, token) => client.GetQueueAttributesAsync(url, ["ApproximateNumberOfMessages"], token), cancellationToken)).ApproximateNumberOfMessages;

    private async Task<T> CallAsync<T>(Func<IAmazonSQS, string, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        var url = (await _found.GetAsync(cancellationToken)).Url;
        return await _sqs.CallAsync(_arn, (client, token) => call(client, url, token), cancellationToken);
    }

    private async Task<Found> SetUpAsync()
    {
        var topic = AwsArn.Parse(_options.QueueTopic ?? "", "sns");
        if (_published.FindPublished(topic.Text) is { } ours)
            topic = await ours.EnsureAsync(CancellationToken.None);

        var url = await FindAsync(_arn.Resource, CancellationToken.None) ?? await CreateAsync(CancellationToken.None);
        var attributes = await _sqs.CallAsync(_arn, (client, token) => client.GetQueueAttributesAsync(url, s_everyAttribute, token), CancellationToken.None);
        if (attributes.QueueARN != _arn.Text)
            throw new WrongQueueException($"failed to get or create the correct queue arn, given arn: {_arn.Text} arn: {attributes.QueueARN} url: {url}");

        if (QueuePolicy.Allow(attributes.Policy, _arn, topic) is { } policy)
            await AllowAsync(url, policy, CancellationToken.None);
        await SubscribeAsync(topic, CancellationToken.None);
        var found = new Found(url, ReadLimit(attributes.Attributes?.GetValueOrDefault("RedrivePolicy")));
        LogListening(url);
        return found;
    }

    private Task<string?> FindAsync(string name, CancellationToken cancellationToken) => _sqs.CallAsync(_arn, async (client, token) =>
    {
        try
        {
            return (await client.GetQueueUrlAsync(name, token)).QueueUrl;
        }
        catch (QueueDoesNotExistException)
        {
            return (string?)null;
        }
    }, cancellationToken);

    private async Task<string> CreateAsync(CancellationToken cancellationToken)
    {
        var deadLetters = await CreateAsync($"dl-queue-{_arn.Resource}", [], cancellationToken);
        var deadLetterArn = (await _sqs.CallAsync(_arn, (client, token) => client.GetQueueAttributesAsync(deadLetters, ["QueueArn"], token), cancellationToken)).QueueARN;
        var redrive = $$"""{"deadLetterTargetArn":"{{deadLetterArn}}","maxReceiveCount":"{{_options.MaxReceives}}"}""";
        var url = await CreateAsync(_arn.Resource, new() { ["RedrivePolicy"] = redrive }, cancellationToken);
        LogCreated(url, deadLetters);
        return url;
    }

    private async Task<string> CreateAsync(string name, Dictionary<string, string> attributes, CancellationToken cancellationToken) =>
        (await _sqs.CallAsync(_arn, (client, token) => client.CreateQueueAsync(
            new CreateQueueRequest { QueueName = name, Attributes = attributes, Tags = new(AutoCreated.Tags) }, token), cancellationToken)).QueueUrl;

    private async Task AllowAsync(string url, string policy, CancellationToken cancellationToken)
    {
        try
        {
            await _sqs.CallAsync(_arn, (client, token) => client.SetQueueAttributesAsync(url, new Dictionary<string, string> { ["Policy"] = policy }, token), cancellationToken);
        }
        catch (BrokerException error) when (error.Failure == BrokerFailure.Denied)
        {
            LogNotAllowed(url, error.Message); // whoever made the queue may have allowed it in another way
        }
    }

    private async Task SubscribeAsync(AwsArn topic, CancellationToken cancellationToken)
    {
        try
        {
            if (await _topics.FindSubscriptionAsync(topic, _arn, cancellationToken) is { } present)
            {
                await _topics.MakeRawAsync(topic, present, cancellationToken);
                return;
            }
        }
        catch (BrokerException error) when (error.Failure == BrokerFailure.Denied)
        {
            // May subscribe and not look: subscribing again changes nothing.
        }

        await _topics.SubscribeRawAsync(topic, _arn, cancellationToken);
    }

    private static int? ReadLimit(string? redrivePolicy)
    {
        if (string.IsNullOrEmpty(redrivePolicy))
            return null;
        using var policy = JsonDocument.Parse(redrivePolicy);
        return policy.RootElement.TryGetProperty("maxReceiveCount", out var limit)
            && int.TryParse(limit.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;
    }

    [LoggerMessage(LogLevel.Information, "Listening to sqs queue {queue}")]
    private partial void LogListening(string queue);

    [LoggerMessage(LogLevel.Information, "Created queue {queue}{dead_letters}")]
    private partial void LogCreated(string queue, string dead_letters);

    [LoggerMessage(LogLevel.Warning, "the queue's policy could not be set; its topic may not be allowed to send {queue}{error}")]
    private partial void LogNotAllowed(string queue, string error);
}
