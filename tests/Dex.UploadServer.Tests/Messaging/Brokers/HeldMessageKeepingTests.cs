using Dex.Testing;
using Dex.UploadServer.Messaging.Brokers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dex.UploadServer.Tests.Messaging.Brokers;

/// <summary>How a received message is kept from others, by the clock (spec: reports-and-events.md 9.10).</summary>
public sealed class HeldMessageKeepingTests
{
    private readonly ManualClock _clock = new();
    private readonly TestMessage _message = new() { KeptFor = TimeSpan.FromSeconds(30) };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_renewed_after_five_sixths_of_its_time_and_again()
    {
        await using var held = new HeldMessage(_message, _clock, NullLogger.Instance);

        _clock.Advance(TimeSpan.FromSeconds(24));
        var before = _message.Renewals;
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => _message.Renewals == 1);
        await AdvanceUntilAsync(() => _message.Renewals == 3);

        Assert.Equal(0, before);
        Assert.False(held.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_lock_that_the_broker_says_is_lost_is_lost_at_once_and_not_renewed_any_more()
    {
        _message.RenewalFailure = new BrokerException("gone") { Failure = BrokerFailure.LockLost };
        await using var held = new HeldMessage(_message, _clock, NullLogger.Instance);

        _clock.Advance(TimeSpan.FromSeconds(25));
        await Eventually.TrueAsync(() => held.Lost.IsCancellationRequested);
        _clock.Advance(TimeSpan.FromSeconds(100));

        Assert.Equal(1, _message.Renewals);
    }

    [Fact]
    public async Task While_renewing_fails_it_is_tried_each_second_and_lost_when_its_time_is_over()
    {
        _message.RenewalFailure = new BrokerException("away");
        await using var held = new HeldMessage(_message, _clock, NullLogger.Instance);
        _clock.Advance(TimeSpan.FromSeconds(25));
        await Eventually.TrueAsync(() => _message.Renewals == 1);
        var early = held.Lost.IsCancellationRequested;

        await AdvanceUntilAsync(() => held.Lost.IsCancellationRequested);

        Assert.False(early);
        Assert.InRange(_message.Renewals, 4, 8);
    }

    [Fact]
    public async Task One_renewal_that_works_after_failures_keeps_it()
    {
        _message.RenewalFailure = new BrokerException("away");
        await using var held = new HeldMessage(_message, _clock, NullLogger.Instance);
        _clock.Advance(TimeSpan.FromSeconds(25));
        await Eventually.TrueAsync(() => _message.Renewals == 1);
        _message.RenewalFailure = null;

        await AdvanceUntilAsync(() => _message.Renewals == 3);

        Assert.False(held.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task After_its_answer_it_is_not_renewed()
    {
        var held = new HeldMessage(_message, _clock, NullLogger.Instance);

        await held.DeleteAsync(Stop);
        _clock.Advance(TimeSpan.FromSeconds(100));
        await held.DisposeAsync();

        Assert.Equal(["delete"], _message.Answers);
        Assert.Equal(0, _message.Renewals);
    }

    // In small steps, so that what waits for the clock can begin its next wait in between.
    private Task AdvanceUntilAsync(Func<bool> condition) => Eventually.TrueAsync(() =>
    {
        if (!condition())
            _clock.Advance(TimeSpan.FromSeconds(1));
        return condition();
    });
}
