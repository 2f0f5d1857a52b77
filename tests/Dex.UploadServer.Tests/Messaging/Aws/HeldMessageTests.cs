using System.Collections.Immutable;
using Dex.Testing;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Tests.Delivery;

namespace Dex.UploadServer.Tests.Messaging.Aws;

/// <summary>Messages while their deliveries take their time, over a real queue (spec: reports-and-events.md 7.2, 9.11; reliability.md E2, R5).</summary>
public sealed class HeldMessageTests(BrokerService broker) : IClassFixture<BrokerService>, IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _name = BrokerService.NewName("events");
    private readonly TestTarget _slow = new() { Hangs = true };
    private readonly TestTarget _quick = new();
    private BrokeredServer? _server;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private BrokeredServer Server => _server!;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _slow.LetGo();
        if (_server is null)
            return;
        await _server.StopAsync();
        await _server.DisposeAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task A_delivery_that_takes_longer_than_the_visibility_is_not_begun_again()
    {
        await StartAsync("SQS_SUBSCRIBER_VISIBILITY_TIMEOUT=2", "DELIVERY_PROGRESS_TIMEOUT=60");
        var id = await OrderAsync("slow");
        await Eventually.TrueAsync(() => _slow.Running == 1, Patience);

        await AssertStaysAsync(async () => (await CountAsync()).Visible == 0 && _slow.Started.Count == 1, TimeSpan.FromSeconds(6));
        _slow.LetGo();
        await Eventually.TrueAsync(async () => await CountAsync() == (0, 0), Patience);

        Assert.Equal([id], _slow.Delivered);
        Assert.Single(await Server.Ledger.ListAttemptsAsync(id, Stop));
    }

    [Fact(Timeout = 120_000)]
    public async Task Every_message_that_is_held_is_kept_not_only_those_in_work()
    {
        await StartAsync("SQS_SUBSCRIBER_VISIBILITY_TIMEOUT=2", "DELIVERY_PROGRESS_TIMEOUT=60", "DELIVERY_TARGET_CONCURRENCY=1");
        for (var i = 0; i < 6; i++)
            await OrderAsync("slow");
        await Eventually.TrueAsync(async () => await CountAsync() == (0, 6), Patience);

        await AssertStaysAsync(async () => await CountAsync() == (0, 6), TimeSpan.FromSeconds(5));
        _slow.LetGo();
        await Eventually.TrueAsync(async () => await CountAsync() == (0, 0), Patience);

        Assert.Equal(6, _slow.Delivered.Count);
        Assert.Equal(6, _slow.Delivered.Distinct().Count());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_server_that_stops_gives_back_what_it_holds_at_once()
    {
        await StartAsync("DELIVERY_PROGRESS_TIMEOUT=60", "DELIVERY_TARGET_CONCURRENCY=1", "DELIVERY_SHUTDOWN_GRACE=1");
        for (var i = 0; i < 3; i++)
            await OrderAsync("slow");
        await Eventually.TrueAsync(async () => _slow.Running == 1 && await CountAsync() == (0, 3), Patience);

        await Server.StopAsync().WaitAsync(TimeSpan.FromSeconds(10), Stop);

        Assert.Equal((3, 0), await CountAsync());
        Assert.Empty(_slow.Delivered);
    }

    [Fact(Timeout = 120_000)]
    public async Task What_ends_within_the_grace_of_a_stop_is_delivered_and_deleted()
    {
        await StartAsync("DELIVERY_PROGRESS_TIMEOUT=60");
        await OrderAsync("slow");
        await Eventually.TrueAsync(() => _slow.Running == 1, Patience);

        var stopping = Server.StopAsync();
        _slow.LetGo();
        await stopping.WaitAsync(TimeSpan.FromSeconds(10), Stop);

        Assert.Equal((0, 0), await CountAsync());
        Assert.Single(_slow.Delivered);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_target_that_is_down_does_not_keep_messages_of_others_from_being_received()
    {
        _slow.Hangs = false;
        _slow.Failure = () => new IOException("down");
        await StartAsync("LISTENER_WORKERS=1", "SQS_SUBSCRIBER_MAX_MESSAGES=4", "EVENT_RETRY_BASE_MS=200", "EVENT_RETRY_MAX_MS=1000", "EVENT_MAX_RETRY_COUNT=1000");
        List<string> ids = [];
        for (var i = 0; i < 30; i++)
            ids.Add(await OrderAsync("slow"));
        var other = await OrderAsync("quick");

        await Eventually.TrueAsync(() => _quick.Delivered.Contains(other), Patience);
        _slow.Failure = null;
        await Eventually.TrueAsync(async () => ids.TrueForAll(_slow.Delivered.Contains) && await CountAsync() == (0, 0), Patience);

        Assert.Equal(30, _slow.Delivered.Count);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_redelivery_and_its_repetition_deliver_once_more()
    {
        await StartAsync();
        var id = await OrderAsync("quick");
        await Eventually.TrueAsync(async () => _quick.Delivered.Count == 1 && await CountAsync() == (0, 0), Patience);

        await SendAsync(BrokeredServer.Event(id, "quick"));
        await SendAsync(BrokeredServer.Event(id, "quick", sourceUrl: id));
        await Eventually.TrueAsync(async () => _quick.Delivered.Count == 2 && await CountAsync() == (0, 0), Patience);

        Assert.Equal(2, (await Server.Ledger.ListAttemptsAsync(id, Stop)).Count);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_upload_that_was_deleted_is_not_delivered_and_its_message_goes()
    {
        await StartAsync();
        var id = Guid.NewGuid().ToString();
        var now = TimeProvider.System.GetUtcNow();
        await Server.Ledger.RecordCreationAsync(new UploadRecord { UploadId = id, Manifest = ImmutableSortedDictionary<string, string>.Empty, CreatedAt = now }, [], Stop);
        await Server.Ledger.TerminateUploadAsync(id, now, Stop);

        await SendAsync(BrokeredServer.Event(id, "quick"));
        await Eventually.TrueAsync(() => Server.Log.Messages.Any(line => line.StartsWith("event was handled before", StringComparison.Ordinal)), Patience);
        await Eventually.TrueAsync(async () => await CountAsync() == (0, 0), Patience);

        Assert.Empty(_quick.Started);
    }

    private async Task StartAsync(params string[] assignments) =>
        _server = await BrokeredServer.StartAsync(broker, _name, new Dictionary<string, TestTarget> { ["slow"] = _slow, ["quick"] = _quick }, assignments);

    private async Task<string> OrderAsync(string target)
    {
        var id = Guid.NewGuid().ToString();
        await SendAsync(BrokeredServer.Event(id, target));
        return id;
    }

    private async Task SendAsync(string body) => await broker.SendAsync(await broker.FindQueueAsync(_name, Stop), body, Stop);

    private async Task<(int Visible, int Held)> CountAsync() => await broker.CountAsync(await broker.FindQueueAsync(_name, Stop), Stop);

    /// <summary>What a message does when its visibility ends can only be seen by waiting for longer.</summary>
    private static async Task AssertStaysAsync(Func<Task<bool>> condition, TimeSpan time)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < time)
        {
            Assert.True(await condition());
            await Task.Delay(50, Stop);
        }
    }
}
