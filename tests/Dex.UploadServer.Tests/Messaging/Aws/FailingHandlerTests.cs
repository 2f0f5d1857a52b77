using System.Collections.Concurrent;
using Dex.Testing;
using Dex.UploadServer.Messaging;

namespace Dex.UploadServer.Tests.Messaging.Aws;

/// <summary>Messages whose work cannot be done for a fault on our side.</summary>
public sealed class FailingHandlerTests(BrokerService broker) : IClassFixture<BrokerService>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_fault_of_ours_does_not_use_up_the_receives_of_a_message()
    {
        var name = BrokerService.NewName("events");
        var handler = new FailingHandler(failures: 3);
        await using var server = await BrokeredServer.StartAsync(broker, name, handler, "SQS_SUBSCRIBER_MAX_RETRIES=1");
        var queue = await broker.FindQueueAsync(name, Stop);

        await broker.SendAsync(queue, "message", Stop);
        await Eventually.TrueAsync(async () => handler.Asked.Count == 4 && await broker.CountAsync(queue, Stop) == (0, 0));
        await server.StopAsync();

        Assert.Equal([1, 1, 1, 1], handler.Asked.Select(received => received.Receives));
        Assert.Equal((0, 0), await broker.CountAsync(await broker.FindQueueAsync($"dl-queue-{name}", Stop), Stop));
    }

    private sealed class FailingHandler(int failures) : IEventHandler
    {
        public ConcurrentQueue<ReceivedEvent> Asked { get; } = new();

        public Task<EventAnswer> HandleAsync(ReceivedEvent received, CancellationToken stopping)
        {
            Asked.Enqueue(received);
            return Asked.Count <= failures ? throw new IOException("the ledger is away") : Task.FromResult(new EventAnswer(EventFate.Done));
        }
    }
}
