using Dex.UploadServer.Messaging.Brokers;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>The subscription, or queue, that events come from (spec: reports-and-events.md 7.3). It is not made if it is missing.</summary>
internal sealed partial class ServiceBusQueue(ServiceBusClient client, EntityWatch watch, IOptions<AzureMessagingOptions> options, ILogger<ServiceBusQueue> logger) : IBrokerQueue
{
    private static readonly TimeSpan s_poll = TimeSpan.FromSeconds(1);

    private int _isAsked;
    private int _isListening;

    public EntityWatch Watch => watch;

    public ServiceBusEntity Entity => client.Entity;

    public string? Label => watch.IsDenied ? null : Entity.Name;

    /// <summary>The service puts aside what was delivered too often, always.</summary>
    public bool HasDeadLetters => true;

    public int LastReceive => watch.Latest?.MaxDeliveryCount ?? options.Value.MaxDeliveries;

    /// <summary>What is unlocked is given again at once.</summary>
    public bool HidesReturned => false;

    public Task EnsureAsync(CancellationToken cancellationToken) =>
        // At the start only, to tell what is wrong, and to know how many deliveries there are. Afterwards receiving tells the first, and who reads the length the second.
        Interlocked.Exchange(ref _isAsked, 1) == 0 ? watch.ReadAsync(cancellationToken) : Task.CompletedTask;

    public async Task<IReadOnlyList<IBrokerMessage>> ReceiveAsync(int limit, CancellationToken cancellationToken)
    {
        List<IBrokerMessage> messages = [];
        try
        {
            while (messages.Count < limit && await client.ReceiveAsync(messages.Count == 0 ? s_poll : TimeSpan.Zero, cancellationToken) is { } message)
                messages.Add(message);
        }
        catch (Exception error) when (messages.Count > 0 && error is IOException or OperationCanceledException)
        {
            // What is locked already is not left lying; the next receive meets the same fault.
        }

        if (Interlocked.Exchange(ref _isListening, 1) == 0)
            LogListening(Entity.Name);
        return messages;
    }

    public async Task<long> CountAsync(CancellationToken cancellationToken) =>
        (await watch.ReadAsync(cancellationToken))?.ActiveMessages ?? throw new BrokerException("only those with the Manage right are told") { Failure = BrokerFailure.Denied };

    [LoggerMessage(LogLevel.Information, "Listening to service bus {queue}")]
    private partial void LogListening(string queue);
}
