using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Tests.Storage.Objects;

/// <summary>Memory for parts is bounded, and who comes first is served first.</summary>
public sealed class PartPoolTests : IDisposable
{
    private const int Block = PartPool.BlockBytes;

    private readonly PartArrays _arrays = new(TimeProvider.System);
    private readonly PartPool _pool;

    public PartPoolTests() => _pool = new PartPool(_arrays, 4 * Block);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _arrays.Dispose();

    [Fact]
    public async Task Who_wants_more_than_is_left_waits_and_those_who_come_later_wait_behind()
    {
        var first = await _pool.RentAsync(3 * Block, Stop);
        var large = _pool.RentAsync(2 * Block, Stop);
        var small = _pool.RentAsync(1, Stop);
        Assert.True(_pool.IsShort);
        Assert.False(large.IsCompleted || small.IsCompleted);

        first.Dispose();

        using var second = await large;
        using var third = await small;
        Assert.Equal((3L * Block, false), (_pool.Used, _pool.IsShort));
    }

    [Fact]
    public async Task Who_gives_up_waiting_lets_those_behind_pass_and_takes_nothing()
    {
        using var first = await _pool.RentAsync(3 * Block, Stop);
        using var patience = new CancellationTokenSource();
        var large = _pool.RentAsync(2 * Block, patience.Token);
        var small = _pool.RentAsync(1, Stop);

        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        using var second = await small;
        Assert.Equal(4L * Block, _pool.Used);
    }

    [Fact]
    public async Task A_part_gives_back_what_was_put_into_it_as_often_as_it_is_read()
    {
        var bytes = Dex.Testing.Bodies.Random((2 * Block) + 100);
        using var part = await _pool.RentAsync(bytes.Length, Stop);
        part.Append(bytes);

        for (var time = 0; time < 2; time++)
        {
            using var read = new MemoryStream();
            await part.OpenRead().CopyToAsync(read, Stop);
            Assert.Equal(bytes, read.ToArray());
        }

        Assert.Equal(0, part.Room);
        Assert.Throws<ArgumentOutOfRangeException>(() => part.Append([1]));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(Block)]
    [InlineData(Block + 10)]
    public async Task A_part_that_is_cut_goes_on_from_there_and_can_repeat_what_it_has(int start)
    {
        var bytes = Dex.Testing.Bodies.Random(2 * Block);
        using var part = await _pool.RentAsync(3 * Block, Stop);
        part.Append(bytes.AsSpan(0, start));
        part.Append(new byte[Block]);

        part.CutTo(start);
        part.Append(bytes.AsSpan(start, 20));
        part.AppendCopy(start - 5, 25);

        using var read = new MemoryStream();
        await part.OpenRead().CopyToAsync(read, Stop);
        Assert.Equal([.. bytes[..(start + 20)], .. bytes[(start - 5)..(start + 20)]], read.ToArray());
    }

    [Fact]
    public async Task A_part_larger_than_all_memory_is_refused_and_one_given_back_twice_counts_once()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _pool.RentAsync((4 * Block) + 1, Stop));
        var part = await _pool.RentAsync(Block, Stop);

        part.Dispose();
        part.Dispose();

        Assert.Equal(0, _pool.Used);
    }
}
