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

    public PartArraysTests()
    {
        _arrays = new PartArrays(_clock);
        _uploads = new PartPool(_arrays, 2 * Part);
        _deliveries = new PartMemory(_arrays, Options.Create(new TransferOptions { PartBytes = Part, MemoryBytes = 2 * Part }));
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _arrays.Dispose();

    [Fact]
    public void The_bound_is_the_sum_of_both_shares() => Assert.Equal(4L * Part, _arrays.Bound);

    [Fact]
    public async Task Deliveries_that_have_all_of_theirs_take_nothing_from_uploads()
    {
        await TakeAllOfDeliveriesAsync();

        using var first = await FillAsync();
        using var second = await FillAsync();

        Assert.Equal(4L * Part, _arrays.Allocated);
    }

    [Fact]
    public async Task Uploads_that_have_all_of_theirs_take_nothing_from_deliveries()
    {
        using var first = await FillAsync();
        using var second = await FillAsync();
        Assert.False(_uploads.RentAsync(1, Stop).IsCompleted);

        await TakeAllOfDeliveriesAsync();

        Assert.Equal(4L * Part, _arrays.Allocated);
    }

    [Fact]
    public async Task What_nobody_uses_gives_way_to_what_is_needed()
    {
        var (first, second) = (await FillAsync(), await FillAsync());
        first.Dispose();
        second.Dispose();
        await TakeAllOfDeliveriesAsync();
        var kept = _arrays.Allocated;

        var beyond = await _deliveries.Open(1).TakeAsync(Part, Stop);

        Assert.Equal(4L * Part, kept);
        Assert.Equal(4L * Part, _arrays.Allocated);
        Assert.Equal(Part, beyond.Bytes.Length);
    }

    [Fact]
    public async Task A_part_beyond_the_bound_is_not_kept()
    {
        using var first = await FillAsync();
        using var second = await FillAsync();
        await TakeAllOfDeliveriesAsync();
        var beyond = await _deliveries.Open(1).TakeAsync(Part, Stop);
        Assert.Equal(5L * Part, _arrays.Allocated);

        beyond.Dispose();

        Assert.Equal(4L * Part, _arrays.Allocated);
    }

    [Fact]
    public async Task What_nobody_has_needed_for_a_while_is_given_up()
    {
        (await FillAsync()).Dispose();
        (await _deliveries.Open(1).TakeAsync(Part, Stop)).Dispose();
        Assert.Equal(2L * Part, _arrays.Allocated);

        _clock.Advance(TimeSpan.FromSeconds(20));
        using var needed = await _uploads.RentAsync(Block, Stop);
        needed.Append(new byte[Block]);
        _clock.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(Block, _arrays.Allocated);
    }

    private async Task TakeAllOfDeliveriesAsync()
    {
        var share = _deliveries.Open(10);
        await share.TakeAsync(Part, Stop);
        await share.TakeAsync(Part, Stop);
        Assert.False(share.TakeAsync(Part, Stop).IsCompleted);
    }

    private async Task<PooledPart> FillAsync()
    {
        var part = await _uploads.RentAsync(Part, Stop);
        part.Append(new byte[Part]);
        return part;
    }
}
