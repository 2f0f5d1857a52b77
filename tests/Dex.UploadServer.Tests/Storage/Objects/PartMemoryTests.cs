using Dex.UploadServer.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Storage.Objects;

/// <summary>Memory for parts: bounded for the process, and nobody waits for those who hang (spec: reliability.md T5, R5).</summary>
public sealed class PartMemoryTests : IDisposable
{
    private const int Part = TransferOptions.LeastPartBytes;

    private readonly PartArrays _arrays = new(TimeProvider.System);
    private readonly PartMemory _memory;

    public PartMemoryTests() => _memory = new PartMemory(_arrays, Options.Create(new TransferOptions { PartBytes = Part, MemoryBytes = 3 * Part }));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _arrays.Dispose();

    [Fact]
    public async Task A_delivery_takes_what_there_is_and_then_waits()
    {
        var share = _memory.Open(10);
        var held = await TakeAsync(share, 3);

        var waiting = share.TakeAsync(Part, Stop);
        var waitedWhileFull = !waiting.IsCompleted;
        held[0].Dispose();

        Assert.True(waitedWhileFull);
        Assert.Same(held[0].Bytes, (await waiting).Bytes);
        Assert.Equal(3 * Part, _memory.Taken);
    }

    [Fact]
    public async Task Who_has_nothing_gets_one_part_although_there_is_no_room()
    {
        await TakeAsync(_memory.Open(10), 3);
        var other = _memory.Open(10);

        var first = await other.TakeAsync(Part, Stop);
        var second = other.TakeAsync(Part, Stop);
        Assert.False(second.IsCompleted);
        first.Dispose();

        Assert.Equal(Part, (await second).Bytes.Length);
    }

    [Fact]
    public async Task No_delivery_has_more_parts_than_it_may()
    {
        var share = _memory.Open(1);
        var held = await share.TakeAsync(Part, Stop);
        var waiting = share.TakeAsync(Part, Stop);

        var other = await _memory.Open(1).TakeAsync(Part, Stop);

        Assert.False(waiting.IsCompleted);
        held.Dispose();
        await waiting;
        other.Dispose();
    }

    [Fact]
    public async Task Who_stops_waiting_takes_nothing()
    {
        var share = _memory.Open(10);
        var held = await TakeAsync(share, 3);
        using var leaving = new CancellationTokenSource();
        var waiting = share.TakeAsync(Part, leaving.Token);

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        held.ForEach(part => part.Dispose());

        Assert.Equal(0, _memory.Taken);
    }

    [Fact]
    public async Task A_part_given_back_twice_counts_once()
    {
        var part = await _memory.Open(1).TakeAsync(Part, Stop);

        part.Dispose();
        part.Dispose();

        Assert.Equal(0, _memory.Taken);
    }

    [Theory]
    [InlineData(0, 8, 0, 8)]
    [InlineData(8, 8, 1, 8)]
    [InlineData(9, 8, 2, 8)]
    [InlineData(80_000, 8, 10_000, 8)]
    [InlineData(80_001, 8, 1, 1048576)] // grown in whole mebibytes
    public void Parts_grow_when_there_would_be_too_many(long length, long usual, int count, long bytes)
    {
        var plan = PartPlan.For(length, usual, 10_000);

        Assert.Equal(bytes, plan.PartBytes);
        Assert.Equal(count, plan.Count);
        Assert.Equal(length, Enumerable.Range(0, plan.Count).Sum(plan.LengthOf));
    }

    [Fact]
    public void The_largest_object_fits_into_its_parts()
    {
        var plan = PartPlan.For(5L << 40, 8 << 20, 10_000);

        Assert.InRange(plan.Count, 9_900, 10_000);
        Assert.InRange(plan.PartBytes, 1, TransferOptions.MostPartBytes + (16 << 20));
    }

    private static async Task<List<PartBuffer>> TakeAsync(PartShare share, int count)
    {
        List<PartBuffer> parts = [];
        for (var taken = 0; taken < count; taken++)
            parts.Add(await share.TakeAsync(Part, Stop));
        return parts;
    }
}
