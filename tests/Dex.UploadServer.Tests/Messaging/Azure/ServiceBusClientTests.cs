using System.Net;
using System.Text.RegularExpressions;
using Azure.Core;
using Dex.Testing;
using Dex.Testing.ServiceBus;
using Dex.UploadServer.Messaging.Azure;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Tests.Messaging.Azure;

/// <summary>Calls to a namespace that checks tokens and keeps locks and counts (spec: reports-and-events.md 7.3).</summary>
public sealed class ServiceBusClientTests : IAsyncLifetime
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private readonly ManualClock _clock = new();
    private readonly BrokerConnections _connections = new();
    private ServiceBusDouble _bus = null!;
    private DoubledEntity _queue = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bus = await ServiceBusDouble.StartAsync(_clock);
        _queue = _bus.AddQueue("work", maxDeliveryCount: 3);
    }

    public async ValueTask DisposeAsync()
    {
        _connections.Dispose();
        await _bus.DisposeAsync();
    }

    [Fact]
    public async Task A_message_arrives_byte_for_byte_with_its_id_and_partition()
    {
        await NewClient().SendAsync("{\"a\":\"ä€😀\"}"u8.ToArray(), BrokerProperties.Write("id-1", "upload-1"), Stop);

        var message = Assert.Single(_queue.Messages);
        Assert.Equal(("{\"a\":\"ä€😀\"}", "id-1", "upload-1"), (message.Body, message.MessageId, message.PartitionKey));
    }

    [Fact]
    public async Task What_is_locked_is_nobody_elses_until_it_is_unlocked_and_gone_when_it_is_completed()
    {
        _queue.Send("hello");
        var client = NewClient();

        var first = await client.ReceiveAsync(Poll, Stop);
        var meanwhile = await client.ReceiveAsync(TimeSpan.Zero, Stop);
        await first!.ReturnAsync(TimeSpan.Zero, Stop);
        var second = await client.ReceiveAsync(Poll, Stop);
        await second!.DeleteAsync(Stop);

        Assert.Null(meanwhile);
        Assert.Equal(("hello", 1, 2), (first.Body, first.Receives, second.Receives));
        Assert.Equal(first.Id, second.Id);
        Assert.Equal((0, 0, 0), _queue.Counts);
    }

    [Fact]
    public async Task A_lock_lasts_as_long_as_the_service_says_by_its_own_clock_and_renewing_prolongs_it()
    {
        _queue.Send("hello");
        var message = await NewClient().ReceiveAsync(Poll, Stop);

        _clock.Advance(TimeSpan.FromSeconds(50));
        await message!.RenewAsync(Stop);
        _clock.Advance(TimeSpan.FromSeconds(50));
        var held = _queue.Counts;
        _clock.Advance(TimeSpan.FromSeconds(11));

        Assert.InRange(message.KeptFor, TimeSpan.FromSeconds(58), TimeSpan.FromSeconds(60));
        Assert.Equal((0, 1, 0), held);
        Assert.Equal((1, 0, 0), _queue.Counts);
    }

    [Fact]
    public async Task After_its_lock_has_ended_a_message_can_be_neither_completed_nor_renewed_nor_unlocked()
    {
        _queue.Send("hello");
        var message = await NewClient().ReceiveAsync(Poll, Stop);
        _clock.Advance(TimeSpan.FromSeconds(61));
        var other = await NewClient().ReceiveAsync(Poll, Stop);

        foreach (var answer in (Func<Task>[])[() => message!.DeleteAsync(Stop), () => message!.RenewAsync(Stop), () => message!.ReturnAsync(TimeSpan.Zero, Stop)])
        {
            var failure = await Assert.ThrowsAsync<BrokerException>(answer);
            Assert.Equal(BrokerFailure.LockLost, failure.Failure);
            Assert.Equal("the lock of the message is lost (404)", failure.Message);
        }

        await other!.DeleteAsync(Stop);
        Assert.Equal((0, 0, 0), _queue.Counts);
    }

    [Fact]
    public async Task A_message_that_was_delivered_so_often_is_dead()
    {
        _queue.Send("poison");
        var client = NewClient();

        for (var delivery = 1; delivery <= 3; delivery++)
            await (await client.ReceiveAsync(Poll, Stop))!.ReturnAsync(TimeSpan.Zero, Stop);

        Assert.Equal((0, 0, 1), _queue.Counts);
    }

    [Fact]
    public async Task A_sequence_number_tells_messages_apart_that_their_senders_gave_one_id()
    {
        _queue.Send("a", "same/../id ?%");
        _queue.Send("b", "same/../id ?%");
        var client = NewClient();

        var (first, second) = (await client.ReceiveAsync(Poll, Stop), await client.ReceiveAsync(Poll, Stop));
        await second!.DeleteAsync(Stop);
        await first!.DeleteAsync(Stop);

        Assert.Equal(("1:same/../id ?%", "2:same/../id ?%"), (first.Id, second.Id));
        Assert.Equal((0, 0, 0), _queue.Counts);
    }

    [Theory]
    [InlineData("wrong", ServiceBusDouble.Key, "access denied: the key is not the right one (401)")]
    [InlineData(ServiceBusDouble.KeyName, "wrong", "access denied: the key is not the right one (401)")]
    public async Task A_wrong_key_is_told_as_such(string name, string key, string message)
    {
        var failure = await Assert.ThrowsAsync<BrokerException>(() => NewClient(keyName: name, key: key).ReceiveAsync(TimeSpan.Zero, Stop));

        Assert.Equal((message, BrokerFailure.Denied), (failure.Message, failure.Failure));
    }

    [Fact]
    public async Task A_key_without_the_right_is_told_as_such_and_manages_nothing()
    {
        _bus.AddKey("listener", "k", DoubledRights.Listen);
        var client = NewClient(keyName: "listener", key: "k");

        var failure = await Assert.ThrowsAsync<BrokerException>(() => client.SendAsync("x"u8.ToArray(), BrokerProperties.Write("1", "1"), Stop));

        Assert.Equal("access denied: the key or identity is wrong, or lacks the right (401)", failure.Message);
        Assert.Null(await client.DescribeAsync(Stop));
    }

    [Fact]
    public async Task A_token_is_made_anew_before_it_expires()
    {
        var client = NewClient();
        for (var hour = 0; hour < 5; hour++)
        {
            Assert.Null(await client.ReceiveAsync(TimeSpan.Zero, Stop));
            _clock.Advance(TimeSpan.FromMinutes(59));
        }
    }

    [Fact]
    public async Task An_identity_opens_what_it_may_and_its_token_is_renewed()
    {
        using var tokens = new EntraTokens(() => new TestCredential(_bus, _clock), _clock);
        var client = NewClient(tokens: tokens);
        for (var hour = 0; hour < 3; hour++)
        {
            await client.SendAsync("x"u8.ToArray(), BrokerProperties.Write($"{hour}", "1"), Stop);
            _clock.Advance(TimeSpan.FromMinutes(59));
        }

        Assert.Equal(3, _queue.Messages.Count);
    }

    [Fact]
    public async Task An_expired_token_is_told_as_such()
    {
        _bus.AddBearer("t", _clock.GetUtcNow(), DoubledRights.All);
        var client = NewClient(tokens: new FixedToken("Bearer t"));

        var failure = await Assert.ThrowsAsync<BrokerException>(() => client.ReceiveAsync(TimeSpan.Zero, Stop));

        Assert.Equal("access denied: the token has expired, or the clocks differ (401)", failure.Message);
    }

    [Theory]
    [InlineData("queue", "there is no queue nowhere (410)")]
    [InlineData("topic", "there is no topic nowhere (410)")]
    public async Task What_is_not_there_is_told_as_such(string kind, string message)
    {
        var client = NewClient(new ServiceBusEntity(kind, "nowhere", "nowhere"));

        var failure = await Assert.ThrowsAsync<BrokerException>(() => client.SendAsync("x"u8.ToArray(), BrokerProperties.Write("1", "1"), Stop));
        var described = await Assert.ThrowsAsync<BrokerException>(() => client.DescribeAsync(Stop));

        Assert.Equal((message, BrokerFailure.NotFound), (failure.Message, failure.Failure));
        Assert.Equal(($"there is no {kind} nowhere", BrokerFailure.NotFound), (described.Message, described.Failure));
    }

    [Fact]
    public async Task State_length_and_deliveries_are_read_by_those_who_may()
    {
        _queue.Send("a");
        _queue.Send("b");
        await NewClient().ReceiveAsync(Poll, Stop);

        var description = await NewClient().DescribeAsync(Stop);

        Assert.Equal(new EntityDescription("Active", 3, 2), description);
    }

    [Theory]
    [InlineData(429, "", "the broker asks for fewer calls (429)", BrokerFailure.Unavailable)]
    [InlineData(503, "<Error><Code>503</Code><Detail>ServerBusy. SubCode=50009</Detail></Error>", "the broker is busy (503, SubCode=50009)", BrokerFailure.Unavailable)]
    [InlineData(500, "x", "the broker failed (500)", BrokerFailure.Unavailable)]
    [InlineData(403, "<Error><Code>403</Code><Detail>The maximum entity size has been reached or exceeded: QuotaExceeded</Detail></Error>", "the queue work is full (403)", BrokerFailure.Unavailable)]
    [InlineData(403, "Ip has been prevented to connect to the endpoint", "access denied: the key or identity is wrong, or lacks the right (403)", BrokerFailure.Denied)]
    [InlineData(413, "", "the message is too large (413)", BrokerFailure.Refused)]
    [InlineData(400, "", "the broker refused the call (400)", BrokerFailure.Refused)]
    [InlineData(404, "", "there is no queue work (404)", BrokerFailure.NotFound)]
    [InlineData(302, "", "the broker failed (302)", BrokerFailure.Unavailable)]
    public async Task Each_failure_has_its_words(int status, string body, string message, object failure)
    {
        await using var proxy = FaultProxy.Start(_bus.Address).Add(new FaultRule(FaultKind.Answer) { CannedAnswer = new CannedAnswer((HttpStatusCode)status, body) });

        var told = await Assert.ThrowsAsync<BrokerException>(() => NewClient(address: proxy.Address).SendAsync("x"u8.ToArray(), BrokerProperties.Write("1", "1"), Stop));

        Assert.Equal((message, (BrokerFailure)failure), (told.Message, told.Failure));
    }

    [Fact]
    public async Task A_service_that_is_not_there_is_told_without_its_address()
    {
        var failure = await Assert.ThrowsAsync<BrokerException>(() => NewClient(address: new Uri("http://127.0.0.1:9/")).ReceiveAsync(TimeSpan.Zero, Stop));

        Assert.Equal(("the broker cannot be reached or broke the call off", BrokerFailure.Unavailable), (failure.Message, failure.Failure));
    }

    [Fact]
    public async Task A_message_that_is_cut_on_its_way_is_given_back_at_once()
    {
        _queue.Send(new string('x', 100_000));
        await using var proxy = FaultProxy.Start(_bus.Address)
            .Add(new FaultRule(FaultKind.ResetInAnswer) { Path = new Regex("/messages/head$"), AfterBytes = 1000, Times = 1 });
        var client = NewClient(address: proxy.Address);

        await Assert.ThrowsAsync<BrokerException>(() => client.ReceiveAsync(Poll, Stop));

        Assert.Equal((1, 0, 0), _queue.Counts);
        Assert.Equal(100_000, (await client.ReceiveAsync(Poll, Stop))!.Body.Length);
    }

    [Fact]
    public async Task A_message_that_is_larger_than_any_event_is_received_empty_so_that_it_can_be_answered()
    {
        _queue.Send(new string('x', 2 * 1024 * 1024));

        var message = await NewClient().ReceiveAsync(Poll, Stop);
        await message!.ReturnAsync(TimeSpan.Zero, Stop);

        Assert.Equal("", message.Body);
        Assert.Equal((1, 0, 0), _queue.Counts);
    }

    private ServiceBusClient NewClient(
        ServiceBusEntity? entity = null, string keyName = ServiceBusDouble.KeyName, string key = ServiceBusDouble.Key, Uri? address = null, IServiceBusTokens? tokens = null)
    {
        entity ??= ServiceBusEntity.Queue("work")!;
        var access = new ServiceBusAccess { Address = address ?? _bus.Address, KeyName = keyName, Key = key };
        tokens ??= new SignedTokens(keyName, key, new Uri(access.Address, entity.Path), _clock);
        // Bounds of calls by the machine's clock: that of the test jumps.
        return new ServiceBusClient(new ServiceBusEnd(access, entity), tokens, _connections.NewClient(), TimeProvider.System);
    }

    private sealed class TestCredential(ServiceBusDouble bus, TimeProvider clock) : TokenCredential
    {
        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            var (text, end) = (Guid.NewGuid().ToString(), clock.GetUtcNow() + TimeSpan.FromHours(1));
            bus.AddBearer(text, end);
            return new(new AccessToken(text, end));
        }

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class FixedToken(string text) : IServiceBusTokens
    {
        public ValueTask<string> GetAsync(CancellationToken cancellationToken) => new(text);
    }
}
