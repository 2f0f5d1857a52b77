using Dex.UploadServer.Hosting.ReceiveMemory;

namespace Dex.UploadServer.Tests.Hosting;

public sealed class QuietCollectionTests
{
    private readonly QuietCollection _collection = new(TimeProvider.System);

    [Fact]
    public void A_burst_is_cleared_away_once_it_is_over()
    {
        Assert.False(_collection.IsDue(QuietCollection.WorthBytes * 5));
        Assert.True(_collection.IsDue((QuietCollection.WorthBytes * 5) + 1));
    }

    [Fact]
    public void A_burst_that_goes_on_is_not_interrupted()
    {
        for (var i = 1; i <= 100; i++)
            Assert.False(_collection.IsDue(i * (QuietCollection.QuietBytes + 1)));
    }

    [Fact]
    public void A_server_at_rest_is_left_alone()
    {
        var allocated = QuietCollection.WorthBytes;
        _collection.IsDue(allocated);
        Assert.True(_collection.IsDue(allocated));

        for (var i = 1; i < 100; i++)
            Assert.False(_collection.IsDue(allocated + i));
    }

    [Fact]
    public void Little_by_little_becomes_worth_it_too()
    {
        var intervals = QuietCollection.WorthBytes / QuietCollection.QuietBytes;
        for (var i = 1; i < intervals; i++)
            Assert.False(_collection.IsDue(i * QuietCollection.QuietBytes));
        Assert.True(_collection.IsDue(QuietCollection.WorthBytes));
    }
}
