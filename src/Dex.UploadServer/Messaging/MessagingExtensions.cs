using Dex.UploadServer.Hosting;
using Dex.UploadServer.Messaging.Aws;
using Dex.UploadServer.Messaging.Azure;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging;

internal static class MessagingExtensions
{
    public static IHostApplicationBuilder AddMessaging(this IHostApplicationBuilder builder)
    {
        builder.Services.AddEnvironmentOptions<MessagingOptions, MessagingOptionsValidator>(MessagingOptions.Read);
        builder.Services.AddSingleton<MessagingMetrics>();
        builder.Services.AddSingleton<MessageFiles>();
        builder.Services.AddSingleton(EventTransport.Of(builder.Services.Environment()));
        builder.Services.AddHostedService<EventTransportWarning>();
        builder.Services.AddSingleton<IMessageSink, FileSink>();
        builder.Services.AddSingleton<Outbox>();
        builder.Services.AddSingleton<IOutbox>(services => services.GetRequiredService<Outbox>());
        // What the last run left is taken up before other rooms start to publish, and they stop before it does.
        builder.Services.AddHostedService(services => services.GetRequiredService<Outbox>());
        builder.Services.AddSingleton<BrokerConnections>();
        builder.AddAwsMessaging();
        builder.AddAzureMessaging(receives: !AwsMessagingOptions.ReceivesEvents(builder.Services.Environment()));
        return builder;
    }
}
