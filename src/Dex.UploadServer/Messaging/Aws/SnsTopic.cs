using System.Collections.Concurrent;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>A topic that is made at first use if it is missing, and never again: a topic made anew would have no subscribers, and swallow what it is given (spec: reports-and-events.md 6).</summary>
internal sealed partial class SnsTopic
{
    private readonly AwsArn _configured;
    private readonly ITopics _topics;
    private readonly ILogger<SnsTopic> _logger;
    private readonly SharedAttempt<AwsArn> _present;

    public SnsTopic(AwsArn configured, ITopics topics, ILogger<SnsTopic> logger)
    {
        _configured = configured;
        _topics = topics;
        _logger = logger;
        _present = new(FindOrCreateAsync);
    }

    /// <summary>Its ARN, as configured or as SNS says.</summary>
    public string Arn => (_present.Result ?? _configured).Text;

    /// <summary>Returns the topic, which is there now, or was when this process first asked.</summary>
    public Task<AwsArn> EnsureAsync(CancellationToken cancellationToken) => _present.GetAsync(cancellationToken);

    public async Task PublishAsync(string message, CancellationToken cancellationToken) =>
        await _topics.PublishAsync(await EnsureAsync(cancellationToken), message, cancellationToken);

    /// <summary>Whether its attributes can be read.</summary>
    public Task<bool> ExistsAsync(CancellationToken cancellationToken) => _topics.ExistsAsync(_present.Result ?? _configured, cancellationToken);

    private async Task<AwsArn> FindOrCreateAsync()
    {
        if (await _topics.ExistsAsync(_configured, CancellationToken.None))
            return _configured;
        var created = await _topics.CreateAsync(_configured, AutoCreated.Tags, CancellationToken.None);
        LogCreated(created);
        return AwsArn.Parse(created, "sns");
    }

    [LoggerMessage(LogLevel.Information, "Created topic {topic}")]
    private partial void LogCreated(string topic);
}

/// <summary>The topics this server publishes to; one object for each, however many uses it has.</summary>
internal sealed class SnsTopics(ITopics topics, ILogger<SnsTopic> logger)
{
    private readonly ConcurrentDictionary<string, SnsTopic> _topics = new(StringComparer.Ordinal);

    /// <exception cref="FormatException">No ARN of a topic.</exception>
    public SnsTopic Get(string arn) => _topics.GetOrAdd(arn, text => new SnsTopic(AwsArn.Parse(text, "sns"), topics, logger));

    /// <summary>The topic if this server publishes to it, or null.</summary>
    public SnsTopic? FindPublished(string arn) => _topics.GetValueOrDefault(arn);
}
