using Amazon.S3.Model;
using Dex.Testing;

namespace Dex.Services.Buckets;

/// <inheritdoc/>
public sealed class BucketMemoryTests(ObjectStoreService store) : MemoryContract(() => store.Variables()), IClassFixture<ObjectStoreService>
{
    private const int Long = 64 << 20;

    [Fact(Timeout = 300_000)]
    [Rule("BR7", "S36")]
    public async Task BR7_S36_sixty_four_uploads_of_64_MiB_at_once_stay_below_512_MiB()
    {
        // A store in memory has room for 4 GiB and not for copies of them.
        File.WriteAllText(Folder.At("configs", "local", "delivery.yml"), "targets: {}\n");
        var content = Content.Random(Long);
        await using var server = await ServerProcess.StartAsync(Folder, Stop, store.Variables());

        var ids = await UploadAllAsync(server, content);

        Assert.InRange(server.PeakBytes, 1, Bound);
        foreach (var id in ids)
            Assert.Equal(Long, (await store.Client.GetObjectMetadataAsync(store.Bucket, $"tus-prefix/{id}", Stop)).ContentLength);
        Assert.True((await ReadAsync(ids[^1])).AsSpan().SequenceEqual(content));
        await RemoveAllAsync();
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

/// <inheritdoc/>
public sealed class ContainerMemoryTests(AzureService store) : MemoryContract(() => store.Variables()), IClassFixture<AzureService>;
