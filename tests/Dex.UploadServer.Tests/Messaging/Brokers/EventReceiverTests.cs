using System.Collections.Concurrent;
using Dex.Testing;
using Dex.UploadServer.Messaging;
using Dex.UploadServer.Messaging.Brokers;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dex.UploadServer.Tests.Messaging.Brokers;

/// <summary>Receiving from a broker that gives back what it gets back at once, as Service Bus does.</summary>
public sealed class EventReceiverTests : IAsyncDisposable
{
    private readonly ManualClock _clock = new();
    private readonly TestQueue _queue = new();
    private readonly TestHandler _handler = new();
    private readonly TestLifetime _lifetime = new();
    private EventReceiver? _receiver;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _lifetime.DisposeAsync();
        if (_receiver is null)
            return;
        await _receiver.StopAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10));
        _receiver.Dispose();
    }

    [Fact]
    public async Task What_is_to_come_again_later_is_held_until_then_and_not_in_the_way_of_others()
    {
        _handler.Answer = _ => new EventAnswer(EventFate.Again, TimeSpan.FromSeconds(60));
        await StartAsync(workers: 1, maxMessages: 1);
        var failing = _queue.Add(new TestMessage { Id = "failing" });
        await Eventually.TrueAsync(() => _handler.Asked.Count == 1);

        _handler.Answer = _ => new EventAnswer(EventFate.Done);
        var other = _queue.Add(new TestMessage { Id = "other" });
        await Eventually.TrueAsync(() => other.Answers.Contains("delete"));
        var early = failing.Answers.Count;
        await AdvanceUntilAsync(() => !failing.Answers.IsEmpty);

        Assert.Equal(0, early);
        Assert.True(failing.Renewals >= 1);
        Assert.Equal(["return 0"], failing.Answers);
    }

    [Fact]
    public async Task At_a_stop_what_is_held_for_later_is_given_back_at_once()
    {
        _handler.Answer = _ => new EventAnswer(EventFate.Again, TimeSpan.FromSeconds(60));
        await StartAsync(workers: 2, maxMessages: 3);
        var messages = Enumerable.Range(0, 20).Select(number => _queue.Add(new TestMessage { Id = $"{number}" })).ToArray();
        await Eventually.TrueAsync(() => _handler.Asked.Count == 20);

        await _lifetime.StopAsync();
        await _receiver!.StopAsync(Stop).WaitAsync(TimeSpan.FromSeconds(10), Stop);

        Assert.All(messages, message => Assert.Equal(["return 0"], message.Answers));
    }

    [Fact]
    public async Task What_is_given_up_goes_back_to_the_broker_that_puts_it_aside()
    {
        _handler.Answer = _ => new EventAnswer(EventFate.GivenUp);
        await StartAsync(workers: 1, maxMessages: 1);

        var message = _queue.Add(new TestMessage { Receives = 10 });
        await Eventually.TrueAsync(() => !message.Answers.IsEmpty);

        Assert.Equal(["return 0"], message.Answers);
        Assert.True(_handler.Asked.Single().IsLastReceive);
    }

    [Fact]
    public async Task A_receive_that_fails_is_tried_again_after_the_time_the_broker_asked_for()
    {
        _queue.Failures.Enqueue(new BrokerException("busy") { RetryAfter = TimeSpan.FromSeconds(20) });
        await StartAsync(workers: 1, maxMessages: 1);
        await Eventually.TrueAsync(() => _receiver!.ProblemOf(0) == "busy");
        var message = _queue.Add(new TestMessage());

        _clock.Advance(TimeSpan.FromSeconds(19));
        var early = _handler.Asked.Count;
        await AdvanceUntilAsync(() => !message.Answers.IsEmpty);

        Assert.Equal(0, early);
        Assert.Null(_receiver!.ProblemOf(0));
    }

    private async Task StartAsync(int workers, int maxMessages)
    {
        _receiver = new EventReceiver(_queue, _handler, new ReceiverOptions(workers, maxMessages), _lifetime, _clock, NullLogger<EventReceiver>.Instance);
        await _receiver.StartAsync(Stop);
    }

    private Task AdvanceUntilAsync(Func<bool> condition) => Eventually.TrueAsync(() =>
    {
        if (!condition())
            _clock.Advance(TimeSpan.FromSeconds(1));
        return condition();
    });

    private sealed class TestHandler : IEventHandler
    {
        public Func<ReceivedEvent, EventAnswer> Answer { get; set; } = _ => new EventAnswer(EventFate.Done);

        public ConcurrentQueue<ReceivedEvent> Asked { get; } = new();

        public Task<EventAnswer> HandleAsync(ReceivedEvent received, CancellationToken stopping)
        {
            var answer = Answer(received);
            Asked.Enqueue(received);
            return Task.FromResult(answer);
        }
    }

    private sealed class TestQueue : IBrokerQueue
    {
        private readonly ConcurrentQueue<TestMessage> _waiting = new();
        private readonly SemaphoreSlim _arrived = new(0);

        public ConcurrentQueue<Exception> Failures { get; } = new();

        public string? Label => "queue";

        public bool HasDeadLetters => true;

        public int LastReceive => 10;

        public bool HidesReturned => false;

        public TestMessage Add(TestMessage message)
        {
            _waiting.Enqueue(message);
            _arrived.Release();
            return message;
        }

        public Task EnsureAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public async Task<IReadOnlyList<IBrokerMessage>> ReceiveAsync(int limit, CancellationToken cancellationToken)
        {
            if (Failures.TryDequeue(out var failure))
                throw failure;
            return await _arrived.WaitAsync(TimeSpan.FromMilliseconds(50), cancellationToken) && _waiting.TryDequeue(out var message) ? [message] : [];
        }

        public Task<long> CountAsync(CancellationToken cancellationToken) => Task.FromResult((long)_waiting.Count);
    }

    private sealed class TestLifetime : IHostApplicationLifetime, IAsyncDisposable
    {
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => _stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => _stopping.Cancel();

        public Task StopAsync() => _stopping.CancelAsync();

        public async ValueTask DisposeAsync() => await _stopping.CancelAsync();
    }
}
