using Dex.UploadServer.Entra;
using Dex.UploadServer.Health;
using Dex.UploadServer.Hosting;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging.Brokers;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Messaging.Azure;

internal static class AzureMessagingExtensions
{
    /// <summary>Reports and events over Service Bus, events from it: each if its variables are set. Needs an <see cref="IEventHandler"/> for the last.</summary>
    /// <param name="receives">Whether no other broker is the source of events.</param>
    public static IHostApplicationBuilder AddAzureMessaging(this IHostApplicationBuilder builder, bool receives)
    {
        var services = builder.Services;
        var environment = services.Environment();
        services.AddEnvironmentOptions<AzureMessagingOptions, AzureMessagingOptionsValidator>(AzureMessagingOptions.Read);
        services.AddSingleton<IStartupValidation, ServiceBusValidation>();
        services.AddSingleton<ServiceBusClients>();
        if (AzureMessagingOptions.PublishesReports(environment))
            services.AddPublisher(MessageKind.Report, HealthOrder.ReportSink, static options => options.Reports!);
        if (AzureMessagingOptions.PublishesEvents(environment))
            services.AddPublisher(MessageKind.Event, HealthOrder.EventPublisher, static options => options.Events!);
        if (receives && AzureMessagingOptions.ReceivesEvents(environment))
            services.AddSource();
        return builder;
    }

    private static void AddPublisher(this IServiceCollection services, MessageKind kind, int order, Func<AzureMessagingOptions, ServiceBusEnd> end)
    {
        services.AddKeyedSingleton(kind, (provider, _) =>
            new ServiceBusSink(kind, provider.GetRequiredService<ServiceBusClients>().NewClient(end(Options(provider))), provider.GetRequiredService<ILogger<ServiceBusSink>>()));
        services.AddSingleton<IMessageSink>(provider => provider.GetRequiredKeyedService<ServiceBusSink>(kind));
        services.AddSingleton<IHealthProbe>(provider =>
            new PublishingProbe(provider.GetRequiredKeyedService<ServiceBusSink>(kind), provider.GetRequiredService<ServiceBusClients>().NewWatch(end(Options(provider))), order));
    }

    private static void AddSource(this IServiceCollection services)
    {
        services.AddSingleton(provider => provider.GetRequiredService<ServiceBusClients>().NewClient(Options(provider).Source!));
        services.AddSingleton<EntityWatch>();
        services.AddEventReceiver<ServiceBusQueue>(
            static provider => new ReceiverOptions(Options(provider).Workers, Options(provider).MaxMessages),
            static (queue, receiver, worker) => new SubscriberProbe(queue.Watch, receiver, worker));
    }

    private static AzureMessagingOptions Options(IServiceProvider services) => services.GetRequiredService<IOptions<AzureMessagingOptions>>().Value;
}

/// <summary>Makes what speaks to an entity: tokens of the kind that its connection string asks for, over the connections of brokers.</summary>
internal sealed class ServiceBusClients(EntraIdentity identity, BrokerConnections connections, TimeProvider clock, ILogger<EntityWatch> logger) : IDisposable
{
    private readonly EntraTokens _entra = new(() => identity.Credential, clock);

    public ServiceBusClient NewClient(ServiceBusEnd end) => new(end, TokensFor(end), connections.NewClient(), clock);

    public EntityWatch NewWatch(ServiceBusEnd end) => new(NewClient(end), clock, logger);

    public void Dispose() => _entra.Dispose();

    private IServiceBusTokens TokensFor(ServiceBusEnd end) => end.Access switch
    {
        { Signature: { } signature } => new GivenToken(signature, clock),
        { KeyName: { } name, Key: { } key } => new SignedTokens(name, key, new Uri(end.Access.Address, end.Entity.Path), clock),
        _ => _entra,
    };
}
