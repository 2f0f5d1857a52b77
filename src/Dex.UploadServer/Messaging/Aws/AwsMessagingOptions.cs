using Dex.UploadServer.Aws;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Messaging.Aws;

/// <summary>Topics that reports and events are published to, and the queue that events come from (spec: config.md 2.6, reports-and-events.md 6 and 7.2).</summary>
internal sealed class AwsMessagingOptions
{
    private const string ReportTopicVariable = "SNS_REPORTER_EVENT_ARN";
    private const string EventTopicVariable = "SNS_PUBLISHER_EVENT_ARN";
    private const string QueueVariable = "SQS_SUBSCRIBER_EVENT_ARN";
    private const string QueueTopicVariable = "SQS_SUBSCRIBER_TOPIC_ARN";
    private const string MaxMessagesVariable = "SQS_SUBSCRIBER_MAX_MESSAGES";
    private const string MaxReceivesVariable = "SQS_SUBSCRIBER_MAX_RETRIES";
    private const int DefaultMaxMessages = 3;
    private const int DefaultMaxReceives = 5;

    /// <summary>Topic of reports. <c>SNS_REPORTER_EVENT_ARN</c></summary>
    public string? ReportTopic { get; set; }

    /// <summary>Topic of FileReady events. <c>SNS_PUBLISHER_EVENT_ARN</c></summary>
    public string? EventTopic { get; set; }

    /// <summary>Queue that FileReady events come from. <c>SQS_SUBSCRIBER_EVENT_ARN</c></summary>
    public string? Queue { get; set; }

    /// <summary>Topic that the queue is subscribed to. <c>SQS_SUBSCRIBER_TOPIC_ARN</c></summary>
    public string? QueueTopic { get; set; }

    /// <summary>Messages of one receive, up to 10; 0 for the default of 3. <c>SQS_SUBSCRIBER_MAX_MESSAGES</c></summary>
    public int MaxMessages { get; set; } = DefaultMaxMessages;

    /// <summary>How often a message is received before it goes to the dead-letter queue, up to 1000; 0 for the default of 5. <c>SQS_SUBSCRIBER_MAX_RETRIES</c></summary>
    public int MaxReceives { get; set; } = DefaultMaxReceives;

    /// <summary>How long a message stays invisible to others without renewal. Default 30 s. <c>SQS_SUBSCRIBER_VISIBILITY_TIMEOUT</c></summary>
    public TimeSpan Visibility { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Receive loops. Default 5. <c>LISTENER_WORKERS</c></summary>
    public int Workers { get; set; } = 5;

    /// <summary>Whether a queue is to be read; true if any variable of it is set.</summary>
    public bool HasQueue { get; private set; }

    public bool IsUsed => ReportTopic is not null || EventTopic is not null || HasQueue;

    public static bool PublishesEvents(EnvironmentReader env) => env.Has(EventTopicVariable);

    public static bool ReceivesEvents(EnvironmentReader env) =>
        env.Has(QueueVariable) | env.Has(QueueTopicVariable) | env.Has(MaxMessagesVariable) | env.Has(MaxReceivesVariable);

    public static bool PublishesReports(EnvironmentReader env) => env.Has(ReportTopicVariable);

    public static void Read(AwsMessagingOptions options, EnvironmentReader env)
    {
        options.ReportTopic = env.OptionalText(ReportTopicVariable)?.Trim();
        options.EventTopic = env.OptionalText(EventTopicVariable)?.Trim();
        options.Queue = env.OptionalText(QueueVariable)?.Trim();
        options.QueueTopic = env.OptionalText(QueueTopicVariable)?.Trim();
        options.MaxMessages = ZeroFor(DefaultMaxMessages, env.Integer(MaxMessagesVariable, options.MaxMessages));
        options.MaxReceives = ZeroFor(DefaultMaxReceives, env.Integer(MaxReceivesVariable, options.MaxReceives));
        options.Visibility = env.Seconds("SQS_SUBSCRIBER_VISIBILITY_TIMEOUT", options.Visibility);
        options.Workers = env.Integer("LISTENER_WORKERS", options.Workers);
        options.HasQueue = ReceivesEvents(env);
    }

    private static int ZeroFor(int usual, int number) => number == 0 ? usual : number;
}

internal sealed class AwsMessagingOptionsValidator(AwsIdentity identity) : IValidateOptions<AwsMessagingOptions>
{
    public ValidateOptionsResult Validate(string? name, AwsMessagingOptions options)
    {
        List<string> problems = options.IsUsed ? [.. identity.FindProblems()] : [];
        if (options.MaxMessages is < 1 or > 10)
            problems.Add($"SQS_SUBSCRIBER_MAX_MESSAGES is {options.MaxMessages}; it must be from 0 to 10.");
        if (options.MaxReceives is < 1 or > 1000)
            problems.Add($"SQS_SUBSCRIBER_MAX_RETRIES is {options.MaxReceives}; it must be from 0 to 1000.");
        if (options.Visibility.TotalSeconds is < 1 or > 43200)
            problems.Add($"SQS_SUBSCRIBER_VISIBILITY_TIMEOUT is {(long)options.Visibility.TotalSeconds}; it must be from 1 to 43200.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}

/// <summary>Refuses what is no ARN, in the words operators know (spec: config.md 4).</summary>
internal sealed class ArnValidation(IOptions<AwsMessagingOptions> options) : IStartupValidation
{
    public IEnumerable<string> FindProblems()
    {
        AwsMessagingOptions read;
        try
        {
            read = options.Value;
        }
        catch (OptionsValidationException)
        {
            return []; // told by the options themselves
        }

        Check(read.ReportTopic is null, read.ReportTopic, "sns", "error creating reporters");
        Check(read.EventTopic is null, read.EventTopic, "sns", "error creating file ready publisher");
        Check(!read.HasQueue, read.Queue, "sqs", "error subscribing to file ready");
        Check(!read.HasQueue, read.QueueTopic, "sns", "error subscribing to file ready");
        return [];
    }

    private static void Check(bool isUnused, string? text, string service, string message)
    {
        if (isUnused)
            return;
        if (!AwsArn.TryParse(text, service, out _))
            throw new StartupFailureException(message, $"given arn is not an arn: \"{text}\" is not one of {service}");
    }
}
