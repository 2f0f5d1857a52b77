using Amazon.S3.Model;
using Dex.Testing;

namespace Dex.Services.Buckets;

/// <summary>Memory is bounded by variables, not by how much is sent (spec: tus.md BR7, S36).</summary>
[Trait("Category", "Load")]
public sealed class BucketMemoryTests(ObjectStoreService store) : IClassFixture<ObjectStoreService>, IDisposable
{
    private const int Uploads = 64;
    private const int Long = 64 << 20;
    private const int Short = 16 << 20;
    private const long Bound = 512L << 20;

    private readonly ServerFolder _folder = new("edav", "copy");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 300_000)]
    [Rule("BR7", "S36")]
    public async Task BR7_S36_sixty_four_uploads_of_64_MiB_at_once_stay_below_512_MiB()
    {
        // A store in memory has room for 4 GiB and not for copies of them.
        File.WriteAllText(_folder.At("configs", "local", "delivery.yml"), "targets: {}\n");
        var content = Content.Random(Long);
        await using var server = await ServerProcess.StartAsync(_folder, Stop, store.Variables());

        var ids = await UploadAllAsync(server, content);

        Assert.InRange(server.PeakBytes, 1, Bound);
        foreach (var id in ids)
            Assert.Equal(Long, (await store.Client.GetObjectMetadataAsync(store.Bucket, $"tus-prefix/{id}", Stop)).ContentLength);
        Assert.True((await ReadAsync(ids[^1])).AsSpan().SequenceEqual(content));
        await RemoveAllAsync();
    }

    [Fact(Timeout = 300_000)]
    [Rule("BR7", "S36")]
    public async Task BR7_S36_sixty_four_uploads_and_twice_as_many_deliveries_at_once_stay_below_512_MiB()
    {
        var content = Content.Random(Short);
        await using var server = await ServerProcess.StartAsync(_folder, Stop, store.Variables());

        var ids = await UploadAllAsync(server, content);
        foreach (var id in ids)
            await server.WaitForInfoAsync(id, info => info.IsDelivered(_folder.TargetNames), TimeSpan.FromSeconds(120), Stop);

        Assert.InRange(server.PeakBytes, 1, Bound);
    }

    private static async Task<string[]> UploadAllAsync(ServerProcess server, byte[] content)
    {
        using var http = server.NewClient();
        http.Timeout = TimeSpan.FromMinutes(4);
        return await Task.WhenAll(Enumerable.Range(0, Uploads).Select(number => http.UploadAsync(content, $"memory-{number}.bin", Stop)));
    }

    private async Task<byte[]> ReadAsync(string id)
    {
        using var answer = await store.Client.GetObjectAsync(store.Bucket, $"tus-prefix/{id}", Stop);
        var stored = new byte[answer.ContentLength];
        await answer.ResponseStream.ReadExactlyAsync(stored, Stop);
        return stored;
    }

    // The next test needs the store's memory, too.
    private async Task RemoveAllAsync()
    {
        await foreach (var item in store.Client.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = store.Bucket }).S3Objects)
            await store.Client.DeleteObjectAsync(store.Bucket, item.Key, Stop);
    }
}
