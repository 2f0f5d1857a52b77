using Dex.Testing;
using Dex.UploadServer.Ledger;
using Dex.UploadServer.Messaging;

namespace Dex.UploadServer.Tests.Messaging;

public sealed class OutboxTests : IAsyncDisposable
{
    private readonly MessagingFixture _messaging = new();
    private readonly FailingSink _broker = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Published_messages_stand_in_the_files_when_the_call_returns()
    {
        var outbox = await _messaging.StartAsync(new FileSink(_messaging.Files, EventTransport.Local));
        var uploadId = MessagingFixture.NewId();

        await outbox.PublishAsync([MessagingFixture.Report(uploadId, "upload-started", "{}"), MessagingFixture.Event(uploadId, "{\"e\":1}")], Stop);

        Assert.Equal(["{}"], _messaging.LinesOf(uploadId, "upload-started"));
        Assert.Equal(["{\"e\":1}"], _messaging.LinesOf(uploadId, "FileReady", MessageKind.Event));
        Assert.Equal(
            ["FileReady publish", "FileReady publish", "upload-started publish"], _messaging.Counted().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_was_sent_is_forgotten_with_the_next_commit()
    {
        var outbox = await _messaging.StartAsync(_broker);
        var uploadId = MessagingFixture.NewId();

        await outbox.PublishAsync([MessagingFixture.Report(uploadId, "a", "1")], Stop);
        _messaging.Clock.Advance(TimeSpan.FromSeconds(1));

        await Eventually.TrueAsync(async () => (await _messaging.Ledger.ReadOutboxAsync(0, 10, Stop)).Count == 0);
    }

    [Fact]
    public async Task Messages_of_an_upload_keep_their_order_with_the_passing_ones()
    {
        var outbox = await _messaging.StartAsync(_broker);
        var uploadId = MessagingFixture.NewId();

        for (var i = 0; i < 50; i += 2)
        {
            await outbox.PublishAsync([MessagingFixture.Report(uploadId, "a", $"{i}")], Stop);
            outbox.SendPassing(MessagingFixture.Report(uploadId, "b", $"{i + 1}"));
        }

        await Eventually.TrueAsync(() => _broker.Sent.Count == 50);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), _broker.Sent);
    }

    [Fact]
    public async Task A_clock_put_back_by_a_day_holds_up_no_message()
    {
        var outbox = await _messaging.StartAsync(_broker);
        var uploadId = MessagingFixture.NewId();
        _broker.Refused[uploadId] = true;
        await outbox.PublishAsync([MessagingFixture.Report(uploadId, "a", "1")], Stop);

        _messaging.Clock.PutBack(TimeSpan.FromDays(1));
        _broker.Refused.Clear();

        await Eventually.TrueAsync(() =>
        {
            _messaging.Clock.Advance(TimeSpan.FromSeconds(1));
            return _broker.Sent.Count == 1;
        });
    }

    [Fact]
    public async Task A_refused_message_holds_back_its_own_upload_only_and_is_sent_first_when_the_sink_is_back()
    {
        var outbox = await _messaging.StartAsync(_broker);
        var (bad, good) = (MessagingFixture.NewId(), MessagingFixture.NewId());
        _broker.Refused[bad] = true;

        await outbox.PublishAsync([MessagingFixture.Report(bad, "a", "bad 1"), MessagingFixture.Report(bad, "a", "bad 2")], Stop);
        await outbox.PublishAsync([MessagingFixture.Report(bad, "a", "bad 3")], Stop);
        outbox.SendPassing(MessagingFixture.Report(bad, "a", "passing"));
        await outbox.PublishAsync([MessagingFixture.Report(good, "a", "good")], Stop);
        Assert.Equal(["good"], _broker.Sent);

        _broker.Refused.Clear();
        await Eventually.TrueAsync(() =>
        {
            _messaging.Clock.Advance(TimeSpan.FromSeconds(1));
            return _broker.Sent.Count == 4;
        });
        Assert.Equal(["good", "bad 1", "bad 2", "bad 3"], _broker.Sent);
    }

    [Fact]
    public async Task A_failing_sink_does_not_keep_lines_from_the_files()
    {
        var outbox = await _messaging.StartAsync(_broker, new FileSink(_messaging.Files, EventTransport.Local));
        var uploadId = MessagingFixture.NewId();
        _broker.Refused[uploadId] = true;

        await outbox.PublishAsync([MessagingFixture.Report(uploadId, "a", "1")], Stop);
        await outbox.PublishAsync([MessagingFixture.Report(uploadId, "a", "2")], Stop);

        Assert.Equal(["1", "2"], _messaging.LinesOf(uploadId, "a"));
        Assert.Equal(2, (await _messaging.Ledger.ReadOutboxAsync(0, 10, Stop)).Count);
    }

    [Fact]
    public async Task A_sink_that_hangs_releases_its_callers_after_two_seconds_and_the_others_go_on()
    {
        var outbox = await _messaging.StartAsync(_broker, new FileSink(_messaging.Files, EventTransport.Local));
        var uploadId = MessagingFixture.NewId();
        _broker.Hanging = new TaskCompletionSource();

        foreach (var content in (string[])["1", "2"])
        {
            // The sink may begin to hang after the caller began to wait, so time goes on for both.
            var publishing = outbox.PublishAsync([MessagingFixture.Report(uploadId, "a", content)], Stop);
            await Eventually.TrueAsync(() =>
            {
                _messaging.Clock.Advance(TimeSpan.FromSeconds(1));
                return publishing.IsCompleted;
            });
        }

        Assert.Equal(["1", "2"], _messaging.LinesOf(uploadId, "a"));
        Assert.Empty(_broker.Sent);
        _broker.Hanging.SetResult();
        _broker.Hanging = null;
        await Eventually.TrueAsync(() => _broker.Sent.SequenceEqual(["1", "2"]));
    }

    [Fact]
    public async Task What_was_not_sent_before_a_stop_is_sent_after_the_next_start_ahead_of_anything_new()
    {
        var uploadId = MessagingFixture.NewId();
        var before = await _messaging.StartAsync(_broker);
        _broker.Refused[uploadId] = true;
        for (var i = 0; i < 600; i++)
            await before.PublishAsync([MessagingFixture.Report(uploadId, "a", $"{i}")], Stop);
        await _messaging.StopAsync(before);
        _broker.Refused.Clear();

        var after = await _messaging.StartAsync(_broker);
        await after.PublishAsync([MessagingFixture.Report(uploadId, "a", "600")], Stop);

        Assert.Equal(Enumerable.Range(0, 601).Select(i => $"{i}"), _broker.Sent);
    }

    [Fact]
    public async Task A_line_that_was_written_but_not_forgotten_is_not_written_twice()
    {
        var uploadId = MessagingFixture.NewId();
        var line = MessagingFixture.Report(uploadId, "upload-completed", "{\"n\":1}");
        await _messaging.Ledger.QueueMessagesAsync([line, MessagingFixture.Report(uploadId, "upload-completed", "{\"n\":12}")], Stop);
        Directory.CreateDirectory(Path.Combine(_messaging.Folder, "reports"));
        await File.WriteAllTextAsync(_messaging.Files.PathOf(line.Kind, uploadId, line.Type), "{\"n\":1}\n", Stop);

        var outbox = await _messaging.StartAsync(new FileSink(_messaging.Files, EventTransport.Local));
        await _messaging.StopAsync(outbox);

        Assert.Equal(["{\"n\":1}", "{\"n\":12}"], _messaging.LinesOf(uploadId, "upload-completed"));
    }

    [Fact]
    public async Task More_text_than_memory_allows_is_read_again_from_the_ledger()
    {
        var outbox = await _messaging.StartAsync(_broker);
        var uploadId = MessagingFixture.NewId();
        _broker.Refused[uploadId] = true;
        var megabyte = new string('x', 1024 * 1024);

        for (var i = 0; i < 70; i++)
            await outbox.PublishAsync([MessagingFixture.Report(uploadId, "a", $"{i} {megabyte}")], Stop);
        _broker.Refused.Clear();

        await Eventually.TrueAsync(() =>
        {
            _messaging.Clock.Advance(TimeSpan.FromSeconds(1));
            return _broker.Sent.Count == 70;
        });
        Assert.Equal(Enumerable.Range(0, 70).Select(i => $"{i}"), _broker.Sent.Select(text => text.Split(' ')[0]));
    }

    [Fact]
    public async Task A_passing_message_stands_in_the_file_behind_what_was_sent_before_when_its_call_returns()
    {
        var outbox = await _messaging.StartAsync(new FileSink(_messaging.Files, EventTransport.Local));
        var uploadId = MessagingFixture.NewId();

        outbox.SendPassing(MessagingFixture.Report(uploadId, "upload-status", "1"));
        await outbox.SendPassingAsync(MessagingFixture.Report(uploadId, "upload-status", "2"), Stop);

        Assert.Equal(["1", "2"], _messaging.LinesOf(uploadId, "upload-status"));
        Assert.Empty(await _messaging.Ledger.ReadOutboxAsync(0, 10, Stop));
    }

    [Fact]
    public async Task A_sink_that_refuses_or_hangs_keeps_nobody_who_sends_a_passing_message()
    {
        var outbox = await _messaging.StartAsync(_broker);
        var uploadId = MessagingFixture.NewId();
        _broker.Refused[uploadId] = true;
        await outbox.SendPassingAsync(MessagingFixture.Report(uploadId, "a", "refused"), Stop);
        _broker.Refused.Clear();
        _broker.Hanging = new TaskCompletionSource();

        var sending = outbox.SendPassingAsync(MessagingFixture.Report(uploadId, "a", "late"), Stop);
        await Eventually.TrueAsync(() =>
        {
            _messaging.Clock.Advance(TimeSpan.FromSeconds(1));
            return sending.IsCompleted;
        });

        Assert.Empty(_broker.Sent);
        _broker.Hanging.SetResult();
        await Eventually.TrueAsync(() => _broker.Sent.SequenceEqual(["late"]));
    }

    [Fact]
    public async Task Nothing_to_publish_is_no_work()
    {
        var outbox = await _messaging.StartAsync(_broker);

        await outbox.PublishAsync([], Stop);
        await outbox.SendAsync(OutboxBatch.Nothing, Stop);

        Assert.Equal(0, _broker.Tries);
    }

    public ValueTask DisposeAsync() => _messaging.DisposeAsync();
}
