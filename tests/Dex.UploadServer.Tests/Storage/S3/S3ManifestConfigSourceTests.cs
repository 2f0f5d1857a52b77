using Amazon.S3.Model;
using Dex.Testing;
using Dex.UploadServer.Storage.Objects;
using Dex.UploadServer.Storage.S3;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>Manifest configs in a bucket (spec: manifests.md 3).</summary>
public sealed class S3ManifestConfigSourceTests(ObjectStoreService store) : IClassFixture<ObjectStoreService>, IAsyncLifetime
{
    private readonly S3Connection _connection = S3Rig.Connect(store);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private S3ManifestConfigSource Source => new(_connection, store.Bucket, "configs");

    public async ValueTask InitializeAsync()
    {
        await PutAsync("configs/a_b.json", "{}"u8.ToArray());
        await PutAsync("a_b.json", "{\"root\":1}"u8.ToArray());
    }

    public ValueTask DisposeAsync()
    {
        _connection.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_config_is_found_in_its_folder() => Assert.Equal("{}"u8.ToArray(), await Source.LoadAsync("a_b.json", Stop));

    [Fact]
    public async Task Without_a_folder_configs_are_at_the_root_of_the_bucket() =>
        Assert.Equal("{\"root\":1}"u8.ToArray(), await new S3ManifestConfigSource(_connection, store.Bucket, "").LoadAsync("a_b.json", Stop));

    [Theory]
    [InlineData("b_c.json")]
    [InlineData("../a_b.json")]
    [InlineData("..")]
    [InlineData("a_b.json?versions")]
    [InlineData("a_b.json\0")]
    public async Task What_is_not_a_plain_object_of_the_folder_is_not_found(string name) => Assert.Null(await Source.LoadAsync(name, Stop));

    [Fact]
    public async Task A_missing_bucket_is_an_error_and_not_a_missing_config()
    {
        var source = new S3ManifestConfigSource(_connection, "no-such-bucket", "");

        var failure = await Assert.ThrowsAsync<StoreCallException>(async () => await source.LoadAsync("a_b.json", Stop));

        Assert.Equal(StoreFailure.NoBucket, failure.Failure);
    }

    [Fact]
    public async Task A_wrong_key_is_an_error_and_not_a_missing_config()
    {
        using var stranger = S3Rig.Connect(store, secretKey: "wrong");
        var source = new S3ManifestConfigSource(stranger, store.Bucket, "configs");

        await Assert.ThrowsAsync<StoreCallException>(async () => await source.LoadAsync("a_b.json", Stop));
    }

    [Fact]
    public async Task A_huge_object_is_refused_before_it_is_read()
    {
        await PutAsync("configs/huge.json", new byte[(1024 * 1024) + 1]);

        await Assert.ThrowsAsync<InvalidDataException>(async () => await Source.LoadAsync("huge.json", Stop));
    }

    [Fact]
    public async Task A_cut_answer_is_read_again()
    {
        await using var proxy = store.NewProxy().Add(new FaultRule(FaultKind.TruncateAnswer) { AfterBytes = 1, Times = 1 });
        using var connection = S3Rig.Connect(store, proxy.Address);

        Assert.Equal("{}"u8.ToArray(), await new S3ManifestConfigSource(connection, store.Bucket, "configs").LoadAsync("a_b.json", Stop));
    }

    private Task<PutObjectResponse> PutAsync(string key, byte[] content) => store.Client.PutObjectAsync(
        new PutObjectRequest { BucketName = store.Bucket, Key = key, InputStream = new MemoryStream(content) }, Stop);
}
