using Dex.UploadServer.Hosting.ReceiveMemory;

namespace Dex.UploadServer.Tests.Hosting;

public sealed class QuietCollectionTests
{
    private readonly QuietCollection _collection = new(TimeProvider.System);

    private const long Burst = QuietCollection.QuietBytes + 1;

    private long _allocated;

    public QuietCollectionTests()
    {
        for (var i = 0; i < QuietCollection.Rest; i++)
            Assert.Null(After(0));
    }

    [Fact]
    public void A_burst_is_cleared_away_once_it_is_over()
    {
        Assert.Null(After(Burst));
        Assert.Equal(GC.MaxGeneration, After(1));
    }

    [Fact]
    public void A_burst_that_goes_on_is_not_interrupted()
    {
        for (var i = 0; i < 100; i++)
            Assert.Null(After(Burst));
    }

    [Fact]
    public void A_server_at_rest_is_left_alone()
    {
        After(Burst);
        After(1);

        for (var i = 0; i < 100; i++)
            Assert.Null(After(1));
    }

    [Fact]
    public void What_gathers_little_by_little_is_only_the_young()
    {
        const int steps = 64;
        for (var i = 1; i < steps; i++)
            Assert.Null(After(QuietCollection.WorthBytes / steps));
        Assert.Equal(0, After(QuietCollection.WorthBytes / steps));
    }

    [Fact]
    public void Bursts_in_short_succession_are_not_each_followed_by_a_full_collection()
    {
        After(Burst);
        Assert.Equal(GC.MaxGeneration, After(1));
        After(Burst);
        Assert.Equal(0, After(1));

        for (var i = 0; i < QuietCollection.Rest; i++)
            After(0);
        Assert.Equal(GC.MaxGeneration, After(QuietCollection.WorthBytes));
    }

    private int? After(long bytes) => _collection.FindDue(_allocated += bytes);
}
