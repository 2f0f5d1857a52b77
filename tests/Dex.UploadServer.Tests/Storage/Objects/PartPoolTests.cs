using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Tests.Storage.Objects;

/// <summary>Memory for parts is bounded, and who comes first is served first.</summary>
public sealed class PartPoolTests
{
    private const int Block = PartPool.BlockBytes;

    private readonly PartPool _pool = new(4 * Block);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

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
