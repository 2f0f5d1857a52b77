using Dex.UploadServer.Hosting;
using Dex.UploadServer.Messaging.Aws;
using Dex.UploadServer.Messaging.Azure;

namespace Dex.UploadServer.Messaging;

/// <summary>How FileReady events travel (spec: config.md 3, docs/adr/0018).</summary>
/// <param name="IsPublished">Through a broker, which gives each to one of its subscribers; else they stay in the ledger, and in event files for people.</param>
/// <param name="IsReceived">From a broker.</param>
internal sealed record EventTransport(bool IsPublished, bool IsReceived)
{
    public static readonly EventTransport Local = new(false, false);

    public static EventTransport Of(EnvironmentReader environment) =>
        new(AwsMessagingOptions.PublishesEvents(environment) | AzureMessagingOptions.PublishesEvents(environment),
            AwsMessagingOptions.ReceivesEvents(environment) | AzureMessagingOptions.ReceivesEvents(environment));
}

/// <summary>Warns at start where events leave and none arrive, or the reverse: right only if another deployment is at the other end.</summary>
internal sealed partial class EventTransportWarning(EventTransport transport, ILogger<EventTransportWarning> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (transport is { IsPublished: true, IsReceived: false })
            LogNotReceived();
        else if (transport is { IsPublished: false, IsReceived: true })
            LogNotPublished();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Warning, "FileReady events are published to a broker and not received from one: uploads are delivered by other servers only")]
    private partial void LogNotReceived();

    [LoggerMessage(LogLevel.Warning, "FileReady events are received from a broker and not published to one: no other server hears of uploads made here")]
    private partial void LogNotPublished();
}
