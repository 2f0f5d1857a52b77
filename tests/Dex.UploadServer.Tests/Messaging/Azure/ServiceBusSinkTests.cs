using System.Net;
using System.Text;
using Dex.Testing;
using Dex.Testing.ServiceBus;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Messaging.Azure;
using Dex.UploadServer.Messaging.Brokers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dex.UploadServer.Tests.Messaging.Azure;

/// <summary>What is published to a queue or topic, and how often (spec: reports-and-events.md 6, reliability.md Q7).</summary>
public sealed class ServiceBusSinkTests : IAsyncLifetime
{
    private const string Id = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";

    private readonly BrokerConnections _connections = new();
    private ServiceBusDouble _bus = null!;
    private DoubledEntity _queue = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bus = await ServiceBusDouble.StartAsync();
        _queue = _bus.AddSubscription("events", "all", detectsDuplicates: true);
    }

    public async ValueTask DisposeAsync()
    {
        _connections.Dispose();
        await _bus.DisposeAsync();
    }

    [Fact]
    public async Task A_message_goes_out_as_it_is_without_a_line_feed()
    {
        var json = Event(sourceUrl: "");

        await NewSink().SendAsync(json, mayBeARepeat: false, Stop);

        var message = Assert.Single(_queue.Messages);
        Assert.Equal(Encoding.UTF8.GetString(json.Json.Span), message.Body);
        Assert.Equal(Id, message.PartitionKey);
    }

    [Fact]
    public async Task A_repetition_can_be_told_from_another_message()
    {
        var sink = NewSink();
        foreach (var message in (OutboxMessage[])[Event(""), Event(""), Event("", target: "other"), Report(1), Report(1), Report(2)])
            await sink.SendAsync(message, mayBeARepeat: true, Stop);

        Assert.Equal(4, _queue.Messages.Count);
    }

    [Fact]
    public async Task Two_orders_of_one_redelivery_are_two_messages()
    {
        var sink = NewSink();

        await sink.SendAsync(Event(Id), mayBeARepeat: false, Stop);
        await sink.SendAsync(Event(Id), mayBeARepeat: false, Stop);

        Assert.Equal(2, _queue.Messages.Count);
    }

    [Fact]
    public async Task An_answer_that_was_lost_means_a_second_try_and_one_message()
    {
        await using var proxy = FaultProxy.Start(_bus.Address).Add(new FaultRule(FaultKind.ResetAfterRequest) { Times = 1 });
        var sink = NewSink(proxy.Address);

        await Assert.ThrowsAsync<SinkDownException>(() => sink.SendAsync(Event(""), mayBeARepeat: false, Stop).AsTask());
        await sink.SendAsync(Event(""), mayBeARepeat: true, Stop);

        Assert.Single(_queue.Messages);
    }

    [Fact]
    public async Task What_is_too_large_loses_values_of_its_manifest_first()
    {
        var large = new string('x', 300_000);
        var json = $$$"""{"id":"","type":"FileReady","retry_count":0,"upload_id":"{{{Id}}}","src_url":"","path":"p","deliver_target":"edav","Metadata":{"sender_id":"me","comment":"{{{large}}}"}}""";

        await NewSink().SendAsync(new OutboxMessage(MessageKind.Event, Id, "FileReady", Encoding.UTF8.GetBytes(json)), mayBeARepeat: false, Stop);

        Assert.EndsWith("""{"sender_id":"me"}}""", Assert.Single(_queue.Messages).Body);
    }

    [Fact]
    public async Task A_busy_service_takes_nothing_for_as_long_as_it_asks()
    {
        await using var proxy = FaultProxy.Start(_bus.Address)
            .Add(new FaultRule(FaultKind.Answer) { Times = 1, CannedAnswer = new CannedAnswer(HttpStatusCode.ServiceUnavailable, "") });
        var sink = NewSink(proxy.Address);

        var down = await Assert.ThrowsAsync<SinkDownException>(() => sink.SendAsync(Event(""), mayBeARepeat: false, Stop).AsTask());
        var problem = sink.Problem;
        await sink.SendAsync(Event(""), mayBeARepeat: true, Stop);

        Assert.Equal("the broker is busy (503)", down.Message);
        Assert.Equal("the broker is busy (503)", problem);
        Assert.Null(sink.Problem);
    }

    private static OutboxMessage Event(string sourceUrl, string target = "edav") => new(MessageKind.Event, Id, "FileReady", Encoding.UTF8.GetBytes(
        $$$"""{"id":"","type":"FileReady","retry_count":0,"upload_id":"{{{Id}}}","src_url":"{{{sourceUrl}}}","path":"p","deliver_target":"{{{target}}}","Metadata":{"src_url":"x"}}"""));

    private static OutboxMessage Report(int number) => new(MessageKind.Report, Id, "upload-status", Encoding.UTF8.GetBytes($$$"""{"upload_id":"{{{Id}}}","content":{"offset":{{{number}}}}}"""));

    private ServiceBusSink NewSink(Uri? address = null)
    {
        var access = new ServiceBusAccess { Address = address ?? _bus.Address, KeyName = ServiceBusDouble.KeyName, Key = ServiceBusDouble.Key };
        var end = new ServiceBusEnd(access, ServiceBusEntity.Topic("events")!);
        var tokens = new SignedTokens(access.KeyName, access.Key, new Uri(access.Address, "events"), TimeProvider.System);
        return new ServiceBusSink(MessageKind.Event, new ServiceBusClient(end, tokens, _connections.NewClient(), TimeProvider.System), NullLogger<ServiceBusSink>.Instance);
    }
}
