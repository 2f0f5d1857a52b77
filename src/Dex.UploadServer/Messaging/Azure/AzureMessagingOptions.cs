using System.Diagnostics.CodeAnalysis;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Messaging.Aws;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>Where reports and events go and come from over Service Bus (spec: config.md 2.6 and 3, reports-and-events.md 6 and 7.3).</summary>
internal sealed class AzureMessagingOptions
{
    private const string Reporter = "REPORTER";
    private const string Publisher = "PUBLISHER";
    private const string Subscriber = "SUBSCRIBER";
    private const string MaxMessagesVariable = "SUBSCRIBER_MAX_MESSAGES";
    private const int DefaultMaxMessages = 3;

    /// <summary>Queue or topic of reports. <c>REPORTER_CONNECTION_STRING</c>, <c>REPORTER_QUEUE</c>, <c>REPORTER_TOPIC</c></summary>
    public ServiceBusEnd? Reports { get; private set; }

    /// <summary>Queue or topic of FileReady events. <c>PUBLISHER_CONNECTION_STRING</c>, <c>PUBLISHER_QUEUE</c>, <c>PUBLISHER_TOPIC</c></summary>
    public ServiceBusEnd? Events { get; private set; }

    /// <summary>Subscription, or queue, that FileReady events come from. <c>SUBSCRIBER_CONNECTION_STRING</c>, <c>SUBSCRIBER_TOPIC</c>, <c>SUBSCRIBER_SUBSCRIPTION</c>, <c>SUBSCRIBER_QUEUE</c></summary>
    public ServiceBusEnd? Source { get; private set; }

    /// <summary>Messages that one receive loop takes before it looks for room again, 1 to 100; 0 for the default of 3. <c>SUBSCRIBER_MAX_MESSAGES</c></summary>
    public int MaxMessages { get; private set; } = DefaultMaxMessages;

    /// <summary>How often the service delivers a message before it dead-letters it, as long as the service itself does not say. Default 10, which is the service's. <c>SUBSCRIBER_MAX_DELIVERIES</c></summary>
    public int MaxDeliveries { get; private set; } = 10;

    /// <summary>Receive loops. Default 5. <c>LISTENER_WORKERS</c></summary>
    public int Workers { get; private set; } = 5;

    /// <summary>What stops the start, under the words that operators know (spec: config.md 4).</summary>
    public List<(string Message, string Problem)> Problems { get; } = [];

    public static bool PublishesReports(EnvironmentReader env) => env.Has(Reporter + "_CONNECTION_STRING");

    public static bool PublishesEvents(EnvironmentReader env) =>
        env.Has(Publisher + "_CONNECTION_STRING") | env.Has(Publisher + "_QUEUE") | env.Has(Publisher + "_TOPIC");

    public static bool ReceivesEvents(EnvironmentReader env) =>
        env.Has(Subscriber + "_CONNECTION_STRING") | env.Has(Subscriber + "_TOPIC") | env.Has(Subscriber + "_SUBSCRIPTION") | env.Has(Subscriber + "_QUEUE") | env.Has(MaxMessagesVariable);

    public static void Read(AzureMessagingOptions options, EnvironmentReader env)
    {
        if (PublishesReports(env))
            options.Reports = options.ReadTarget(env, Reporter, "error creating reporters");
        else if (env.Has(Reporter + "_QUEUE") | env.Has(Reporter + "_TOPIC"))
            env.Warn("REPORTER_QUEUE and REPORTER_TOPIC have no effect without REPORTER_CONNECTION_STRING.");
        if (PublishesEvents(env))
            options.Events = options.ReadTarget(env, Publisher, "error creating file ready publisher");
        if (ReceivesEvents(env) && AwsMessagingOptions.ReceivesEvents(env))
            env.Warn("SUBSCRIBER_… variables have no effect beside SQS_SUBSCRIBER_… variables.");
        else if (ReceivesEvents(env))
            options.Source = options.ReadSource(env);
        options.MaxMessages = env.Integer(MaxMessagesVariable, DefaultMaxMessages) is not 0 and var messages ? messages : DefaultMaxMessages;
        options.MaxDeliveries = env.Integer("SUBSCRIBER_MAX_DELIVERIES", options.MaxDeliveries);
        options.Workers = env.Integer("LISTENER_WORKERS", options.Workers);
    }

    private ServiceBusEnd? ReadTarget(EnvironmentReader env, string prefix, string message)
    {
        if (!TryReadAccess(env, prefix, message, out var access))
            return null;
        var (queue, topic) = (Text(env, prefix + "_QUEUE"), Text(env, prefix + "_TOPIC"));
        var (variable, name) = queue is not null ? (prefix + "_QUEUE", queue) : (prefix + "_TOPIC", topic ?? access.EntityPath);
        if (name is null)
            return Refuse(message, $"{prefix}_QUEUE or {prefix}_TOPIC must name the queue or topic.");
        if (!Opens(access, name))
            return Refuse(message, $"{variable} and the EntityPath of {prefix}_CONNECTION_STRING differ.");
        return (queue is not null ? ServiceBusEntity.Queue(name) : ServiceBusEntity.Topic(name)) is { } entity
            ? new(access, entity)
            : Refuse(message, $"{variable} is not the name of a queue or topic.");
    }

    private ServiceBusEnd? ReadSource(EnvironmentReader env)
    {
        const string Message = "error subscribing to file ready";
        if (!TryReadAccess(env, Subscriber, Message, out var access))
            return null;
        var (topic, subscription, queue) = (Text(env, Subscriber + "_TOPIC"), Text(env, Subscriber + "_SUBSCRIPTION"), Text(env, Subscriber + "_QUEUE"));
        if (subscription is not null)
            topic ??= access.EntityPath;
        if (topic is not null && subscription is not null)
        {
            if (!Opens(access, topic))
                return Refuse(Message, "SUBSCRIBER_TOPIC and the EntityPath of SUBSCRIBER_CONNECTION_STRING differ.");
            return ServiceBusEntity.Subscription(topic, subscription) is { } entity
                ? new(access, entity)
                : Refuse(Message, "SUBSCRIBER_TOPIC and SUBSCRIBER_SUBSCRIPTION are not the names of a topic and its subscription.");
        }

        if (queue is null || topic is not null || subscription is not null)
            return Refuse(Message, "SUBSCRIBER_TOPIC and SUBSCRIBER_SUBSCRIPTION must both be set, or SUBSCRIBER_QUEUE alone.");
        if (!Opens(access, queue))
            return Refuse(Message, "SUBSCRIBER_QUEUE and the EntityPath of SUBSCRIBER_CONNECTION_STRING differ.");
        return ServiceBusEntity.Queue(queue) is { } named ? new(access, named) : Refuse(Message, "SUBSCRIBER_QUEUE is not the name of a queue.");
    }

    private bool TryReadAccess(EnvironmentReader env, string prefix, string message, [NotNullWhen(true)] out ServiceBusAccess? access)
    {
        access = null;
        var variable = prefix + "_CONNECTION_STRING";
        if (env.OptionalText(variable) is not { } text)
            Refuse(message, $"{variable} is not set.");
        else if (!ServiceBusConnectionString.TryParse(text, out access, out var problem))
            Refuse(message, $"{variable} {problem}.");
        return access is not null;
    }

    private ServiceBusEnd? Refuse(string message, string problem)
    {
        Problems.Add((message, problem));
        return null;
    }

    private static bool Opens(ServiceBusAccess access, string name) =>
        access.EntityPath is null || access.EntityPath.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static string? Text(EnvironmentReader env, string variable) => env.OptionalText(variable)?.Trim();
}

internal sealed class AzureMessagingOptionsValidator : IValidateOptions<AzureMessagingOptions>
{
    private const int MostMessages = 100;
    private const int MostDeliveries = 2000; // of the service

    public ValidateOptionsResult Validate(string? name, AzureMessagingOptions options)
    {
        List<string> problems = [];
        if (options.MaxMessages is < 1 or > MostMessages)
            problems.Add($"SUBSCRIBER_MAX_MESSAGES is {options.MaxMessages}; it must be from 0 to {MostMessages}.");
        if (options.MaxDeliveries is < 1 or > MostDeliveries)
            problems.Add($"SUBSCRIBER_MAX_DELIVERIES is {options.MaxDeliveries}; it must be from 1 to {MostDeliveries}.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}

/// <summary>One end of a way over Service Bus.</summary>
internal sealed record ServiceBusEnd(ServiceBusAccess Access, ServiceBusEntity Entity);
