using Dex.Testing;

namespace Dex.Services.Buckets;

/// <summary>Memory is bounded by a variable, not by how much is sent (spec: tus.md BR7, S36).</summary>
[Trait("Category", "Load")]
public sealed class BucketMemoryTests(BucketServerFixture fixture) : IClassFixture<BucketServerFixture>
{
    private const int Uploads = 64;
    private const int Length = 16 << 20; // of all, five times the memory there is for parts
    private const long Bound = 512L << 20;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 300_000)]
    [Rule("BR7", "S36")]
    public async Task BR7_S36_sixty_four_uploads_at_once_stay_below_512_MiB()
    {
        _ = fixture.Store.Client;
        var content = Content.Random(Length);
        using var http = fixture.Server.NewClient();

        var ids = await Task.WhenAll(Enumerable.Range(0, Uploads).Select(number => http.UploadAsync(content, $"memory-{number}.bin", Stop)));

        Assert.InRange(fixture.Server.PeakBytes, 1, Bound);
        foreach (var id in ids)
            Assert.Equal(Length, await http.ReadOffsetAsync(id, Stop));
    }
}
