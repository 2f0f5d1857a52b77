using Dex.Testing;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Storage;

/// <summary>How long and how often a call to an object store is tried again (spec: reliability.md 6).</summary>
public sealed class StoreRetryTests
{
    private readonly ManualClock _clock = new();
    private int _calls;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Waits_double_up_to_a_bound_and_end_with_the_time_for_them()
    {
        var waits = await FailForEverAsync(chance: 1);

        Assert.Equal([0.1, 0.2, 0.4, 0.8, 1.6, 3, 3, 3, 3, 3], waits);
    }

    [Fact]
    public async Task Chance_makes_a_wait_as_short_as_its_half()
    {
        var waits = await FailForEverAsync(chance: 0);

        Assert.Equal([0.05, 0.1, 0.2, 0.4, 0.8, 1.5], waits.Take(6));
    }

    [Theory]
    [InlineData(nameof(StoreFailure.NotFound))]
    [InlineData(nameof(StoreFailure.NoBucket))]
    [InlineData(nameof(StoreFailure.NoMultipartUpload))]
    [InlineData(nameof(StoreFailure.Denied))]
    [InlineData(nameof(StoreFailure.NotSignedIn))]
    [InlineData(nameof(StoreFailure.ConditionFailed))]
    [InlineData(nameof(StoreFailure.Refused))]
    public async Task What_will_not_pass_is_not_tried_again(string failure)
    {
        await Assert.ThrowsAsync<StoreCallException>(() => Retry(chance: 1).RunAsync(_ => Fail(Enum.Parse<StoreFailure>(failure)), Stop));

        Assert.Equal(1, _calls);
    }

    [Fact]
    public async Task A_fault_of_ours_is_not_tried_again()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => Retry(chance: 1).RunAsync<int>(
            _ =>
            {
                _calls++;
                throw new InvalidDataException();
            },
            Stop));

        Assert.Equal(1, _calls);
    }

    [Fact]
    public async Task Who_leaves_while_waiting_waits_no_longer()
    {
        using var leaving = new CancellationTokenSource();
        var call = Retry(chance: 1).RunAsync(_ => Fail(StoreFailure.Unavailable), leaving.Token);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(1, _calls);
    }

    private async Task<double[]> FailForEverAsync(double chance)
    {
        var clock = new HurryingClock();
        var retry = new StoreRetry(Options.Create(new StoreCallOptions()), clock, () => chance);

        await Assert.ThrowsAsync<StoreCallException>(() => retry.RunAsync(_ => Fail(StoreFailure.Unavailable), Stop));

        return [.. clock.Waits.Select(wait => Math.Round(wait.TotalSeconds, 3))];
    }

    private Task<int> Fail(StoreFailure failure)
    {
        _calls++;
        throw new StoreCallException("no") { Failure = failure };
    }

    private StoreRetry Retry(double chance) => new(Options.Create(new StoreCallOptions()), _clock, () => chance);

    /// <summary>Whatever is waited for has come already.</summary>
    private sealed class HurryingClock : TimeProvider
    {
        private long _now;

        public List<TimeSpan> Waits { get; } = [];

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Add(dueTime);
            _now += dueTime.Ticks;
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
