using Dex.Testing;
using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Storage.Objects;

/// <summary>One bound for the memory of all parts, in which neither uploads nor deliveries starve (spec: tus.md BR7, S36, reliability.md T5, R5).</summary>
public sealed class PartArraysTests : IDisposable
{
    private const int Block = PartPool.BlockBytes;
    private const int Part = TransferOptions.LeastPartBytes;

    private readonly ManualClock _clock = new();
    private readonly PartArrays _arrays;
    private readonly PartPool _uploads;
    private readonly PartMemory _deliveries;
    private readonly PartShare _delivery;

    public PartArraysTests()
    {
        _arrays = new PartArrays(_clock);
        _uploads = new PartPool(_arrays, 2 * Part);
        _deliveries = new PartMemory(_arrays, Options.Create(new TransferOptions { PartBytes = Part, MemoryBytes = 3 * Part }));
        _delivery = _deliveries.Open(100);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _arrays.Dispose();

    [Fact]
    public void The_bound_is_the_sum_of_both_shares() => Assert.Equal(5L * Part, _arrays.Bound);

    [Fact]
    public async Task Deliveries_that_take_all_they_can_take_nothing_from_uploads()
    {
        await DeliverAsync(3);
        var waiting = _delivery.TakeAsync(Part, Stop);

        await ReceiveAsync(2);

        Assert.False(waiting.IsCompleted);
        Assert.Equal(_arrays.Bound, _arrays.Allocated);
    }

    [Fact]
    public async Task Uploads_that_take_all_they_can_take_nothing_from_deliveries()
    {
        await ReceiveAsync(2);
        var waiting = _uploads.RentAsync(1, Stop);

        await DeliverAsync(3);

        Assert.False(waiting.IsCompleted);
        Assert.Equal(_arrays.Bound, _arrays.Allocated);
    }

    [Fact]
    public async Task A_delivery_without_a_part_gets_one_beyond_the_bound_which_is_given_up_soon()
    {
        await ReceiveAsync(2);
        await DeliverAsync(3);

        var beyond = await _deliveries.Open(1).TakeAsync(Part, Stop);
        Assert.Equal(_arrays.Bound + Part, _arrays.Allocated);
        beyond.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(40));

        Assert.Equal(_arrays.Bound, _arrays.Allocated);
    }

    [Fact]
    public async Task What_is_given_back_is_lent_again()
    {
        for (var round = 0; round < 3; round++)
        {
            (await ReceiveAsync(2)).ForEach(part => part.Dispose());
            (await DeliverAsync(3)).ForEach(part => part.Dispose());
        }

        Assert.Equal(_arrays.Bound, _arrays.Allocated);
    }

    [Fact]
    public async Task What_nobody_has_needed_for_a_while_is_given_up()
    {
        (await ReceiveAsync(2)).ForEach(part => part.Dispose());
        (await DeliverAsync(3)).ForEach(part => part.Dispose());

        _clock.Advance(TimeSpan.FromSeconds(20));
        using var needed = await _uploads.RentAsync(Block, Stop);
        needed.Append(new byte[Block]);
        _clock.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(Block, _arrays.Allocated);
    }

    private async Task<List<PartBuffer>> DeliverAsync(int count)
    {
        List<PartBuffer> parts = [];
        for (var taken = 0; taken < count; taken++)
            parts.Add(await AtOnceAsync(_delivery.TakeAsync(Part, Stop)));
        return parts;
    }

    private async Task<List<PooledPart>> ReceiveAsync(int count)
    {
        List<PooledPart> parts = [];
        for (var taken = 0; taken < count; taken++)
        {
            parts.Add(await AtOnceAsync(_uploads.RentAsync(Part, Stop)));
            parts[^1].Append(new byte[Part]);
        }

        return parts;
    }

    private static async Task<T> AtOnceAsync<T>(Task<T> taking)
    {
        Assert.True(taking.IsCompleted, "There is no room.");
        return await taking;
    }
}
