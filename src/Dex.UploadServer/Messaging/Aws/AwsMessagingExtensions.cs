using Dex.UploadServer.Health;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging.Brokers;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Messaging.Aws;

internal static class AwsMessagingExtensions
{
    /// <summary>Reports and events over SNS, events from SQS: each if its variables are set. Needs an <see cref="IEventHandler"/> for the last.</summary>
    public static IHostApplicationBuilder AddAwsMessaging(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        var environment = services.Environment();
        services.AddEnvironmentOptions<AwsMessagingOptions, AwsMessagingOptionsValidator>(AwsMessagingOptions.Read);
        services.AddSingleton<IStartupValidation, ArnValidation>();
        services.AddSingleton<AwsBrokerHttp>();
        services.AddSingleton<ITopics, SnsClient>();
        services.AddSingleton<SnsTopics>();

        var (reports, events) = (AwsMessagingOptions.PublishesReports(environment), AwsMessagingOptions.PublishesEvents(environment));
        if (reports)
        {
            services.AddSingleton<IMessageSink>(provider => NewSink(provider, MessageKind.Report, Options(provider).ReportTopic!, static () => false));
            services.AddSingleton<IHealthProbe>(provider => new SnsProbe(provider.GetRequiredService<SnsTopics>().Get(Options(provider).ReportTopic!)));
        }

        var receives = AwsMessagingOptions.ReceivesEvents(environment);
        if (events)
            services.AddSingleton<IMessageSink>(provider => NewSink(provider, MessageKind.Event, Options(provider).EventTopic!, receives ? Barrier(provider) : static () => false));
        if (reports || events)
        {
            services.AddHostedService(provider => new SnsStart(
                PublishedTopics(provider), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<SnsStart>>()));
        }

        if (receives)
        {
            services.AddSingleton<SqsConnection>();
            services.AddEventReceiver<SqsQueue>(
                static provider => new ReceiverOptions(Options(provider).Workers, Options(provider).MaxMessages),
                static (queue, receiver, worker) => new SqsProbe(queue, receiver, worker));
        }

        return builder;
    }

    private static SnsTopic[] PublishedTopics(IServiceProvider services)
    {
        var topics = services.GetRequiredService<SnsTopics>();
        return [.. new[] { Options(services).ReportTopic, Options(services).EventTopic }.OfType<string>().Distinct().Select(topics.Get)];
    }

    private static SnsSink NewSink(IServiceProvider services, MessageKind kind, string topic, Func<bool> isBarred) =>
        new(kind, services.GetRequiredService<SnsTopics>().Get(topic), isBarred, services.GetRequiredService<ILogger<SnsSink>>());

    /// <summary>A topic gives to those who are subscribed and forgets: what we shall receive ourselves is not published before we are.</summary>
    private static Func<bool> Barrier(IServiceProvider services)
    {
        var options = Options(services);
        if (options.QueueTopic != options.EventTopic)
            return static () => false;
        var queue = services.GetRequiredService<SqsQueue>();
        return () => !queue.IsSubscribed;
    }

    private static AwsMessagingOptions Options(IServiceProvider services) => services.GetRequiredService<IOptions<AwsMessagingOptions>>().Value;
}
