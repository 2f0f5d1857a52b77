using Dex.Testing;
using Dex.Testing.ServiceBus;
using Dex.UploadServer.Tests.Delivery;

namespace Dex.UploadServer.Tests.Messaging.Azure;

/// <summary>Messages of a subscription while their deliveries take their time (spec: reports-and-events.md 9.10; reliability.md E2, R5).</summary>
public sealed class ServiceBusDeliveryTests : IAsyncLifetime
{
    private const string Topic = "events";
    private const string Subscription = "all";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestTarget _slow = new() { Hangs = true };
    private readonly TestTarget _quick = new();
    private ServiceBusDouble _bus = null!;
    private DoubledEntity _events = null!;
    private BrokeredServer? _server;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bus = await ServiceBusDouble.StartAsync();
        _events = _bus.AddSubscription(Topic, Subscription, TimeSpan.FromSeconds(5), maxDeliveryCount: 1000);
    }

    public async ValueTask DisposeAsync()
    {
        _slow.LetGo();
        if (_server is not null)
        {
            await _server.StopAsync();
            await _server.DisposeAsync();
        }

        await _bus.DisposeAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task A_delivery_that_takes_longer_than_the_lock_is_not_begun_again_nor_are_those_that_stand_in_line()
    {
        await StartAsync("DELIVERY_PROGRESS_TIMEOUT=60", "DELIVERY_TARGET_CONCURRENCY=1");
        for (var i = 0; i < 6; i++)
            Order("slow");
        await Eventually.TrueAsync(() => _slow.Running == 1 && _events.Counts == (0, 6, 0), Patience);

        await AssertStaysAsync(() => _events.Counts == (0, 6, 0) && _slow.Started.Count == 1, TimeSpan.FromSeconds(11));
        _slow.LetGo();
        await Eventually.TrueAsync(() => _events.Counts == (0, 0, 0), Patience);

        Assert.Equal(6, _slow.Delivered.Count);
        Assert.Equal(6, _slow.Delivered.Distinct().Count());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_lock_that_is_lost_in_mid_delivery_makes_no_second_one()
    {
        await StartAsync("DELIVERY_PROGRESS_TIMEOUT=60");
        var id = Order("slow");
        await Eventually.TrueAsync(() => _slow.Running == 1, Patience);

        _events.BreakLocks();
        await Eventually.TrueAsync(() => _events.Messages[0].DeliveryCount == 2, Patience);
        _slow.LetGo();
        await Eventually.TrueAsync(() => _events.Counts == (0, 0, 0), Patience);

        Assert.Equal([id], _slow.Delivered);
        Assert.Single(await _server!.Ledger.ListAttemptsAsync(id, Stop));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_server_that_stops_gives_back_what_it_holds_at_once()
    {
        await StartAsync("DELIVERY_PROGRESS_TIMEOUT=60", "DELIVERY_TARGET_CONCURRENCY=1", "DELIVERY_SHUTDOWN_GRACE=1");
        for (var i = 0; i < 3; i++)
            Order("slow");
        await Eventually.TrueAsync(() => _slow.Running == 1 && _events.Counts == (0, 3, 0), Patience);

        await _server!.StopAsync().WaitAsync(TimeSpan.FromSeconds(10), Stop);

        Assert.Equal((3, 0, 0), _events.Counts);
        Assert.Empty(_slow.Delivered);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_target_that_is_down_does_not_keep_messages_of_others_from_being_received()
    {
        _slow.Hangs = false;
        _slow.Failure = () => new IOException("down");
        await StartAsync("LISTENER_WORKERS=1", "SUBSCRIBER_MAX_MESSAGES=4", "EVENT_RETRY_BASE_MS=200", "EVENT_RETRY_MAX_MS=1000", "EVENT_MAX_RETRY_COUNT=1000");
        var ids = Enumerable.Range(0, 30).Select(_ => Order("slow")).ToList();
        var other = Order("quick");

        await Eventually.TrueAsync(() => _quick.Delivered.Contains(other), Patience);
        _slow.Failure = null;
        await Eventually.TrueAsync(() => ids.TrueForAll(_slow.Delivered.Contains) && _events.Counts == (0, 0, 0), Patience);

        Assert.Equal(30, _slow.Delivered.Count);
    }

    [Fact(Timeout = 120_000)]
    public async Task After_the_last_delivery_that_the_service_makes_the_ledger_has_given_up_too()
    {
        _events = _bus.AddSubscription(Topic, Subscription, TimeSpan.FromSeconds(5), maxDeliveryCount: 2);
        _slow.Hangs = false;
        _slow.Failure = () => new IOException("down");
        await StartAsync("EVENT_RETRY_BASE_MS=100");

        var id = Order("slow");
        await Eventually.TrueAsync(() => _events.Counts == (0, 0, 1), Patience);

        Assert.Equal(UploadServer.Ledger.DeliveryState.Dead, Assert.Single(await _server!.Ledger.ListDeliveriesAsync(id, Stop)).State);
        Assert.Equal(2, (await _server.Ledger.ListAttemptsAsync(id, Stop)).Count);
    }

    private async Task StartAsync(params string[] assignments) => _server = await BrokeredServer.StartAsync(
        new Dictionary<string, string>
        {
            ["SUBSCRIBER_CONNECTION_STRING"] = _bus.ConnectionString(),
            ["SUBSCRIBER_TOPIC"] = Topic,
            ["SUBSCRIBER_SUBSCRIPTION"] = Subscription,
        },
        new Dictionary<string, TestTarget> { ["slow"] = _slow, ["quick"] = _quick }, assignments);

    private string Order(string target)
    {
        var id = Guid.NewGuid().ToString();
        _events.Send(BrokeredServer.Event(id, target));
        return id;
    }

    /// <summary>What a message does when its lock ends can only be seen by waiting for longer.</summary>
    private static async Task AssertStaysAsync(Func<bool> condition, TimeSpan time)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < time)
        {
            Assert.True(condition());
            await Task.Delay(50, Stop);
        }
    }
}
