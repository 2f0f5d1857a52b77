using Dex.Testing;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;

namespace Dex.UploadServer.Tests.Messaging;

/// <summary>A broker that is away as a whole (spec: reliability.md Q7).</summary>
public sealed class SinkDownTests : IAsyncDisposable
{
    private readonly MessagingFixture _messaging = new();
    private readonly FailingSink _broker = new() { IsAwaited = false };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _messaging.DisposeAsync();

    [Fact]
    public async Task Nobody_waits_for_a_sink_that_is_not_read_at_once()
    {
        var outbox = await _messaging.StartAsync(_broker);
        _broker.Hanging = new TaskCompletionSource();

        await outbox.PublishAsync([MessagingFixture.Report(MessagingFixture.NewId(), "a", "1")], Stop).WaitAsync(TimeSpan.FromSeconds(30), Stop);

        Assert.Empty(_broker.Sent);
        _broker.Hanging.SetResult();
        await Eventually.TrueAsync(() => _broker.Sent.Count == 1);
    }

    [Fact]
    public async Task While_it_is_down_one_message_at_a_time_tries_and_afterwards_all_arrive_in_order()
    {
        _broker.Down = true;
        var outbox = await _messaging.StartAsync(_broker);
        var uploads = Enumerable.Range(0, 40).Select(_ => MessagingFixture.NewId()).ToArray();
        foreach (var content in (string[])["1", "2"])
        {
            foreach (var upload in uploads)
                await outbox.PublishAsync([MessagingFixture.Report(upload, "a", $"{upload} {content}")], Stop);
        }

        await Eventually.TrueAsync(() => _broker.Tries > 0);
        for (var second = 0; second < 60; second++)
        {
            _messaging.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        // Each lane at most once at first, and then after 0.5, 1, 2, 4, 8, 16 and 30 s.
        Assert.InRange(_broker.Tries, 1, 8 * _broker.Lanes);
        _broker.Down = false;
        await Eventually.TrueAsync(() =>
        {
            _messaging.Clock.Advance(TimeSpan.FromSeconds(1));
            return _broker.Sent.Count == 2 * uploads.Length;
        });
        Assert.All(uploads, upload => Assert.Equal([$"{upload} 1", $"{upload} 2"], _broker.Sent.Where(sent => sent.StartsWith(upload, StringComparison.Ordinal))));
    }

    [Fact]
    public async Task What_is_passing_is_given_up_while_it_is_down()
    {
        _broker.Down = true;
        var outbox = await _messaging.StartAsync(_broker);
        var upload = MessagingFixture.NewId();
        await outbox.PublishAsync([MessagingFixture.Report(upload, "a", "kept")], Stop);
        await Eventually.TrueAsync(() => _broker.Tries == 1);

        outbox.SendPassing(MessagingFixture.Report(upload, "upload-status", "passing"));
        _broker.Down = false;
        await Eventually.TrueAsync(() =>
        {
            _messaging.Clock.Advance(TimeSpan.FromSeconds(1));
            return _broker.Sent.Count > 0;
        });

        Assert.Equal(["kept"], _broker.Sent);
    }

    [Fact]
    public async Task A_sink_that_hangs_does_not_hold_up_a_stop_for_long()
    {
        var outbox = await _messaging.StartAsync(_broker);
        _broker.Hanging = new TaskCompletionSource();
        await outbox.PublishAsync([MessagingFixture.Report(MessagingFixture.NewId(), "a", "1")], Stop);
        await Eventually.TrueAsync(() => _broker.Tries == 1);

        var stopping = outbox.StopAsync(CancellationToken.None);
        await Eventually.TrueAsync(() =>
        {
            _messaging.Clock.Advance(TimeSpan.FromSeconds(1));
            return stopping.IsCompleted;
        });

        Assert.Single(await _messaging.Ledger.ReadOutboxAsync(0, 10, Stop));
    }

    [Fact]
    public void Events_go_to_files_only_without_a_broker()
    {
        var sink = new FileSink(_messaging.Files, new EventTransport(IsPublished: true, IsReceived: true));

        Assert.Equal((false, true), (sink.Takes(MessageKind.Event), sink.Takes(MessageKind.Report)));
    }
}
